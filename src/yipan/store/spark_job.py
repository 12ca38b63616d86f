"""
Run the queries of a job on a Spark cluster: a file of its own, which needs PySpark and nothing else of this project.

`spark-submit spark_job.py JOB.json FOLDER OUT` reads what `yipan screening cluster` wrote, the files of the lake below
FOLDER (a path or an address of an object store), and writes each answer as Parquet below OUT.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Job = Mapping[str, Any]


def make_views(spark: Any, job: Job, folder: str) -> None:
    """Make the views of a job from the files it names, with the act that brought each; empty where it names none."""
    from pyspark.sql import functions as column

    spark.conf.set("spark.sql.session.timeZone", "UTC")
    for view, types in job["columns"].items():
        frame = spark.createDataFrame([], ", ".join(f"{n} {kind}" for n, kind in types.items()))
        by_act: dict[int, list[str]] = {}
        for file in job["files"].get(view, []):
            by_act.setdefault(int(file["act"]), []).append(f"{folder}/{file['path']}")
        for act, paths in sorted(by_act.items()):
            told = spark.read.parquet(*paths).withColumn("act", column.lit(act))
            frame = frame.union(
                told.select(*(column.col(n).cast(kind) for n, kind in types.items()))
            )
        frame.createOrReplaceTempView(view)


def run(spark: Any, job: Job, folder: str, out: str) -> None:
    """Answer every query of a job and write each answer as Parquet below `out`."""
    make_views(spark, job, folder)
    for name, words in job["queries"].items():
        spark.sql(words).write.mode("overwrite").parquet(f"{out}/{name}")


def main() -> None:
    """Run the job named at the command line."""
    from pyspark.sql import SparkSession

    if len(sys.argv) != 4:
        raise SystemExit("spark-submit spark_job.py JOB.json FOLDER OUT")
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    run(SparkSession.builder.appName("yipan").getOrCreate(), job, sys.argv[2], sys.argv[3])


if __name__ == "__main__":
    main()
