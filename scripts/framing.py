"""How MediaPipe's box lies in FER2013's Training pictures: `python -m scripts.framing --root DATA`."""

import argparse
from pathlib import Path
from typing import get_args

from fer_live.detect import MediaPipeDetector
from fer_live.errors import UserError
from train.cli.options import natural, positive
from train.framing import Surround, measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="FER2013's folder or csv")
    parser.add_argument("--count", type=positive, default=1000, help="faces to look at")
    parser.add_argument("--seed", type=natural, default=0)
    parser.add_argument("--surround", choices=get_args(Surround), default="grey")
    options = parser.parse_args()
    try:
        with MediaPipeDetector() as detect:
            print(measure(options.root, detect, options.count, options.seed, options.surround))
    except UserError as error:
        parser.exit(2, f"framing: {error}\n")


if __name__ == "__main__":
    main()
