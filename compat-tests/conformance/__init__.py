"""The conformance suite's frame; README.md beside this folder tells how to write a case.

Everything a case needs is a name of this package: `from conformance import Kafka, case`.
"""

from conformance.cases import Case, Check, NotObservable, NotServed, OtherLine, api_name, case
from conformance.connection import Closed, Connection, NoAnswer, WrongAnswer
from conformance.kafka import EARLIEST, LATEST, Kafka, Topic, eventually, fetch_request, produce_request
from conformance.messages import all_requests, frame, make, message_of, response_of
from conformance.needs import AUTHORIZER, Brokers, Credentials, Feature, Listener, Need, Setting
from conformance.records import Codec, Record, batch, batches_in, now_ms, records_in
from conformance.routing import GROUP, SHARE, TRANSACTION
from conformance.security import LoginRefused
from conformance.subject import Account, Subject

__all__ = [
    "AUTHORIZER", "EARLIEST", "GROUP", "LATEST", "SHARE", "TRANSACTION",
    "Account", "Brokers", "Case", "Check", "Closed", "Codec", "Connection", "Credentials", "Feature", "Kafka", "Listener",
    "LoginRefused", "Need", "NoAnswer", "NotObservable", "NotServed", "OtherLine", "Record", "Setting", "Subject", "Topic",
    "WrongAnswer", "all_requests", "api_name", "batch", "batches_in", "case", "eventually", "fetch_request", "frame", "make",
    "message_of", "now_ms", "produce_request", "records_in", "response_of",
]  # fmt: skip
