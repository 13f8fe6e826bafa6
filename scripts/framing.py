"""How MediaPipe's box lies in FER2013's Training pictures: `python -m scripts.framing --root DATA`."""

import argparse
from pathlib import Path
from typing import get_args

from fer_live.detect import MediaPipeDetector
from train.framing import Surround, measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="FER2013's folder or csv")
    parser.add_argument("--count", type=int, default=1000, help="faces to look at")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--surround", choices=get_args(Surround), default="grey")
    options = parser.parse_args()
    with MediaPipeDetector() as detect:
        print(measure(options.root, detect, options.count, options.seed, options.surround))


if __name__ == "__main__":
    main()
