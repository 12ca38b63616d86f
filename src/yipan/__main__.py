"""`python -m yipan` is `yipan`."""

from yipan.cli import main

if __name__ == "__main__":
    main()
