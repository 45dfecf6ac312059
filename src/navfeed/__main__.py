"""`python -m navfeed`."""

from navfeed.cli import main

if __name__ == "__main__":
    main()
