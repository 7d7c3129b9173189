"""Ask two brokers the same and list where their answers differ.

    python compat-tests/differential/run.py --corpus [NAME ...]         recorded traffic of real clients
    python compat-tests/differential/run.py --generated 2000 --seed 7   random requests, the same again for the same seed
    ... --reference 3.9.2                       the line before 4.3.1
    ... --left HOST:PORT --right HOST:PORT      brokers that run already; left is judged by right
    ... --json FILE                             all differences, the known ones too

Unless said otherwise, left is a fresh pykbroker and right a fresh Apache Kafka.
Exit code 0: known differences only; 1: others; 2: wrong usage, or a broker that could not be started.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import secrets
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from differential import report
from differential.corpus import SETTINGS, Recording, load_all
from differential.fields import Request, has_error, parse_request
from differential.generated import TWICE, Generated
from differential.judge import Finding, Known, findings, load_known, slipped
from differential.replay import Connections, Outcome, Side, ask, play, warm_up
from harness import rawwire
from harness.fetched import Unavailable
from harness.process import BrokerProcess, ForeignBroker, PykbrokerProcess, StartFailed
from reference.kafka import COMMON, VERSIONS

Served = dict[int, tuple[int, int]]
Broker = BrokerProcess | ForeignBroker

OURS = {**COMMON, **SETTINGS, "broker.id": "0"}  # what makes one pykbroker like the reference's one node
ANNOUNCED_ONLY = {
    "4.3.1": {0: 3}
}  # announces Produce from 0 for old librdkafka, and closes the connection below 3
ONCE = {
    "3.9.2": {"DeleteTopics"}
}  # names each topic once: this line deletes one that is named twice, and goes on
PRODUCE = 0
ROUND = 60  # random requests


@dataclass
class Pair:
    """The two brokers of a run. Addresses; what both announce; how differences are judged."""

    left: str
    right: str
    reference: str
    known: list[Known]

    def __post_init__(self) -> None:
        self.served = both_serve(self.left, self.right)
        for key, first in ANNOUNCED_ONLY.get(self.reference, {}).items():
            if key in self.served:
                self.served[key] = (max(first, self.served[key][0]), self.served[key][1])
        start = secrets.randbelow(0xFFFF)
        self._markers = (b"diff%04x" % ((start + number) % 0xFFFF + 1) for number in itertools.count())
        self.asked = 0

    @contextlib.contextmanager
    def sides(self) -> Iterator[tuple[Side, Side]]:
        """Fresh connections and fresh names, the same for both."""
        marker = next(self._markers)
        with Connections(self.left) as left, Connections(self.right) as right:
            yield Side(left, marker), Side(right, marker)

    def judge_recording(
        self, recording: Recording, ours: list[Outcome | None], theirs: list[Outcome | None]
    ) -> list[Finding]:
        """Exchange by exchange; what one side was not asked is left out."""
        found: list[Finding] = []
        for line, exchange in enumerate(recording.exchanges, 2):
            one, other = ours[line - 2], theirs[line - 2]
            if one is not None and other is not None:
                request = parse_request(exchange.request)
                found += self.judge(request, one, other, f"{recording.name}.jsonl:{line}")
        return found

    def judge(self, request: Request, ours: Outcome, theirs: Outcome, source: str) -> list[Finding]:
        self.asked += 1
        return findings(request, ours, theirs, source, self.reference, self.known)


def both_serve(left: str, right: str) -> Served:
    """{key: (lowest, highest)} of what both announce."""
    ours, theirs = rawwire.api_versions(left), rawwire.api_versions(right)
    both = {
        key: (max(ours[key][0], theirs[key][0]), min(ours[key][1], theirs[key][1]))
        for key in ours.keys() & theirs.keys()
    }
    return {key: both[key] for key in sorted(both) if both[key][0] <= both[key][1]}


def corpus(pair: Pair, recordings: Iterable[Recording]) -> Iterator[list[Finding]]:
    """The findings of each recording, played to one broker after the other."""
    for recording in recordings:
        with pair.sides() as (left, right):
            ours = play(recording, left, pair.served)
            theirs = play(recording, right, pair.served)
        yield pair.judge_recording(recording, ours, theirs)


def generated(pair: Pair, count: int, seed: int) -> Iterator[list[Finding]]:
    """The findings of each round of random requests, asked of both brokers in turn."""
    twice = TWICE - ONCE.get(pair.reference, set())
    for number in range(0, count, ROUND):
        made = Generated(seed, number // ROUND, pair.served, twice)
        found: list[Finding] = []
        with pair.sides() as (left, right):
            for step, request in enumerate(made.requests(min(ROUND, count - number))):
                ours = ask(left, 0, request)
                theirs = ask(right, 0, request, like=ours)
                source = f"--generated --seed {seed}: round {number // ROUND}, step {step}"
                found += pair.judge(request, ours, theirs, source)
                if not slipped(theirs):
                    made.feed(ours)
                elif request.key == PRODUCE and has_error(ours, {0}):
                    break  # what one has appended, the other has not
        yield found


def mark_first(found: list[Finding]) -> list[Finding]:
    """What differed first in a recording or round without being known: the rest may follow from it."""
    unknown = [finding for finding in found if finding.known is None]
    for finding in unknown:
        finding.first = finding.source == unknown[0].source
    return found


@contextlib.contextmanager
def brokers(arguments: argparse.Namespace) -> Iterator[tuple[Broker, Broker]]:
    """Left and right, started where no address was given.

    Raises: StartFailed, Unavailable, OSError.
    """
    with contextlib.ExitStack() as stack:
        left = ForeignBroker(arguments.left) if arguments.left else PykbrokerProcess(settings=OURS)
        right = (
            ForeignBroker(arguments.right)
            if arguments.right
            else VERSIONS[arguments.reference](settings=SETTINGS)
        )
        for broker in (left, right):
            stack.callback(broker.close)
            broker.start()
            warm_up(broker.bootstrap)
        yield left, right


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--corpus", nargs="*", metavar="NAME", help="recordings; all unless named")
    what.add_argument("--generated", type=int, metavar="N", help="random requests")
    parser.add_argument(
        "--seed", type=int, help="of the random requests; one is chosen and printed unless given"
    )
    parser.add_argument("--reference", choices=sorted(VERSIONS), default="4.3.1")
    parser.add_argument("--left", metavar="HOST:PORT")
    parser.add_argument("--right", metavar="HOST:PORT")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


def main() -> int:
    arguments = options().parse_args()
    found: list[Finding] = []
    try:
        with brokers(arguments) as (left, right):
            pair = Pair(left.bootstrap, right.bootstrap, arguments.reference, load_known())
            if arguments.generated is None:
                names = arguments.corpus
                rounds = corpus(pair, [row for row in load_all() if not names or row.name in names])
            else:
                seed = random.randrange(10_000) if arguments.seed is None else arguments.seed
                rounds = generated(pair, arguments.generated, seed)
            for part in rounds:
                found += mark_first(part)
    except (StartFailed, Unavailable, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    unknown = [finding for finding in found if finding.known is None]
    counts = {"requests": pair.asked, "unknown": len(unknown), "known": len(found) - len(unknown)}
    if arguments.json:
        arguments.json.write_text(report.as_json(found, counts))
    print(report.text(found), end="")
    for entry in (entry for entry in pair.known if entry.is_for(arguments.reference) and not entry.uses):
        print(f"not needed in this run: {entry.api} {entry.where} ({entry.difference or entry.reason})")
    print(f"{pair.asked} requests, {len(unknown)} differences, {counts['known']} known ones")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
