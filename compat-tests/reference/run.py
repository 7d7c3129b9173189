"""Run Apache Kafka on a free loopback port and print its address; Ctrl-C or SIGTERM stops it and cleans up.

python compat-tests/reference/run.py [--version 4.3.1] [--set key=value ...] [--fast]
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reference.kafka import VERSIONS


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", choices=sorted(VERSIONS), default="4.3.1")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a broker setting")
    parser.add_argument(
        "--fast", action="store_true", help="1 GB heap and the whole compiler, for measurements"
    )
    arguments = parser.parse_args()
    settings = dict(item.split("=", 1) for item in arguments.set)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    broker = VERSIONS[arguments.version](settings=settings, tuned_for_speed=arguments.fast)
    try:
        broker.start()
        print(broker.bootstrap, flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        broker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
