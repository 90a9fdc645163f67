"""``python -m ganzoo`` is the command line, for torchrun and for machines without the script on the path."""

from ganzoo.cli.main import main

if __name__ == "__main__":
    main()
