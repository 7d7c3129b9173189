"""Run Apache Kafka on free loopback ports and print its address; Ctrl-C or SIGTERM stops it and cleans up.

python compat-tests/reference/run.py [--version 4.3.1] [--nodes 3] [--observable] [--set key=value ...] [--fast]

With --observable further lines are the options that the conformance suite takes for its other listeners.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reference.kafka import VERSIONS, ApacheKafka, KafkaCluster
from reference.observable import CREDENTIALS


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", choices=sorted(VERSIONS), default="4.3.1")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a broker setting")
    parser.add_argument(
        "--fast", action="store_true", help="1 GB heap and the whole compiler, for measurements"
    )
    parser.add_argument("--nodes", type=int, default=1, help="brokers of the cluster (4.3.1)")
    parser.add_argument("--observable", action="store_true", help="the settings of observable.properties")
    arguments = parser.parse_args()
    if arguments.nodes > 1 and (arguments.version != "4.3.1" or arguments.fast):
        parser.error("several nodes run 4.3.1, and not for measurements")
    settings = dict(item.split("=", 1) for item in arguments.set)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    work_dir = Path(tempfile.mkdtemp(prefix="kafka-"))
    broker: ApacheKafka | KafkaCluster
    if arguments.nodes > 1:
        broker = KafkaCluster(work_dir, settings, arguments.observable, arguments.nodes)
    else:
        broker = VERSIONS[arguments.version](work_dir, settings, arguments.fast, arguments.observable)
    try:
        broker.start()
        print(broker.bootstrap, flush=True)
        if arguments.observable:
            for name, address in broker.listeners.items():
                print(f"--listener {name}={address}", flush=True)
            print(f"--credentials {CREDENTIALS}", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        broker.close()
        shutil.rmtree(work_dir, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
