"""What a log-in for one sentinel alone may see and write: its own line of the register, its own counts, its own acts."""

from alembic import op

from yipan.store.nouns import ANYBODY, SCOPE, Readers
from yipan.store.tables import every_table

revision = "watch_0002"
down_revision = "watch_0001"

OWN = f"""
create function own_stream(an_area text, a_stream text) returns boolean
    language sql stable security definer set search_path = public
    as $$ select exists (
        select 1 from sentinel s, jsonb_array_elements(s.content->'streams') as e
        where s.known_until is null and s.area = an_area
          and 'sentinel:' || s.area || '--' || s.id || '.' = {SCOPE}
          and concat_ws('/', e->>'disease', e->>'counted', e->>'mode', e->>'interval', nullif(e->>'site', '')) = a_stream) $$;
revoke all on function own_stream(text, text) from public;
grant execute on function own_stream(text, text) to yipan_app;
create policy own on sentinel for select to yipan_app using ('sentinel:' || area || '--' || id || '.' = {SCOPE});
create policy wrote on act for insert to yipan_app
    with check ('sentinel:' || area = {SCOPE} and desk = 'watch' and verb = 'report');
create policy wholly_own on count_version for select to yipan_app
    using ({SCOPE} ^@ 'sentinel:' and own_stream(area, stream));
create policy own_put on count_version for insert to yipan_app
    with check ({SCOPE} ^@ 'sentinel:' and not published and own_stream(area, stream));
create policy own_closed on count_version for update to yipan_app
    using ({SCOPE} ^@ 'sentinel:' and own_stream(area, stream))
    with check ({SCOPE} ^@ 'sentinel:' and own_stream(area, stream));
alter policy told on count_version using (area ^@ {SCOPE} or (published and {ANYBODY}));
"""

TO_EVERYONE = """do $$ begin
    if to_regclass('{name}') is not null then alter policy seen on {name} using ({anybody}); end if; end $$;"""


def upgrade() -> None:
    """Open to one sentinel what is its own."""
    op.get_bind().exec_driver_sql(OWN)
    for table in every_table():
        if table.readers is Readers.EVERYONE:
            op.get_bind().exec_driver_sql(TO_EVERYONE.format(name=table.name, anybody=ANYBODY))
