"""Webhooks: signed as the standard says, and sent nowhere they must not go."""

import http.client
import socket
import time
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from experiments.notices import signing, webhooks
from experiments.notices.faults import NotSent
from experiments.notices.reach import Reach
from tests.notices.receiving import HERE, NEW_SECRET, SECRET, Receiver, a_webhook, with_status

BODY = '{"type":"experiment.started","text":"批改"}'.encode()


def send(port: int, reach: Reach = HERE, **changes: Any) -> None:
    webhooks.send(a_webhook(port, **changes), reach, BODY, message_id="notice_1", at=datetime.now(UTC))


def test_the_signature_is_that_of_the_standards_own_vector() -> None:
    # from the test suite of github.com/standard-webhooks/standard-webhooks
    body = b'{"test": 2432232314}'
    headers = signing.headers([signing.key_of(SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_stranger_verifies_what_arrives(receiver: Receiver) -> None:
    send(receiver.port, path="/hook?tenant=7")
    (taken,) = receiver.taken
    assert Webhook(SECRET).verify(taken.body, taken.headers)["text"] == "批改"
    assert (taken.path, taken.headers["content-type"]) == ("/hook?tenant=7", "application/json")


def test_what_was_changed_on_the_way_is_not_verified(receiver: Receiver) -> None:
    send(receiver.port)
    (taken,) = receiver.taken
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(taken.body.replace(b"started", b"stopped"), taken.headers)


def test_while_a_secret_changes_the_old_and_the_new_one_verify(receiver: Receiver) -> None:
    send(receiver.port, secrets=[NEW_SECRET, SECRET])
    (taken,) = receiver.taken
    assert Webhook(SECRET).verify(taken.body, taken.headers) == Webhook(NEW_SECRET).verify(taken.body, taken.headers)


@pytest.mark.parametrize(
    "secret",
    [
        # of 23 bytes, and of 65
        "whsec_" + "QUFB" * 7 + "QUE=",
        "whsec_" + "QUFB" * 21 + "QUE=",
        # without its prefix, and not base64
        SECRET.removeprefix("whsec_"),
        "whsec_not base64 at all, though long enough to be one",
    ],
)
def test_a_weak_or_broken_secret_is_refused_without_being_said(secret: str) -> None:
    if secret.startswith("whsec_QUFB"):
        assert len(b64decode(secret[6:])) in (23, 65)
    with pytest.raises(ValueError, match="24 to 64") as refused:
        signing.key_of(secret)
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "fault", "for_good", "wait"),
    [
        (with_status(500), "HTTP 500", False, 0),
        # the receiver wants no more of it
        (with_status(410), "HTTP 410", True, 0),
        (with_status(429, Retry_After="120"), "HTTP 429", False, 120),
        # an hour at most, and a date is not waited for
        (with_status(503, Retry_After="999999"), "HTTP 503", False, 3600),
        (with_status(503, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), "HTTP 503", False, 0),
        # a redirect is not followed: the new address may be anywhere
        (with_status(307, Location="/elsewhere"), "HTTP 307", False, 0),
        (with_status(302, Location="http://169.254.169.254/latest/meta-data"), "HTTP 302", False, 0),
    ],
)
def test_only_a_yes_is_a_yes(
    receiver: Receiver, answer: Callable[[BaseHTTPRequestHandler], None], fault: str, for_good: bool, wait: float
) -> None:
    receiver.answer = answer
    with pytest.raises(NotSent) as refused:
        send(receiver.port)
    assert (refused.value.fault, refused.value.for_good, refused.value.wait) == (fault, for_good, wait)
    assert len(receiver.taken) == 1


def hang(_handler: BaseHTTPRequestHandler) -> None:
    time.sleep(10)


def nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"hello\r\n")


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for letter in "X-Never: ends" * 100:
        handler.wfile.write(letter.encode())
        handler.wfile.flush()
        time.sleep(0.02)


@pytest.mark.parametrize("answer", [hang, drip])
def test_however_slowly_it_answers_it_is_cut_off(
    receiver: Receiver, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    receiver.answer = answer
    began = time.monotonic()
    with pytest.raises(NotSent):
        send(receiver.port, Reach(HERE.allowed, seconds=0.3))
    assert time.monotonic() - began < 8  # it would take ten and more


def test_nobody_there_is_a_fault(receiver: Receiver) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent, match="ConnectionRefusedError"):
            send(free.getsockname()[1])


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("203.0.113.9", False),  # for documentation
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        # this machine, private networks, and what carriers share
        *(("127.0.0.1", False), ("::1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False)),
        *(("100.64.0.1", False), ("fd12::1", False)),
        # metadata of clouds
        *(("169.254.169.254", False), ("fe80::1%eth0", False), ("100.100.100.200", False), ("168.63.129.16", False)),
        *(("fd00:ec2::254", False), ("0.0.0.0", False), ("::", False), ("224.0.0.1", False), ("ff02::1", False)),  # noqa: S104 - refused
        # the same in other clothes: mapped, 6to4, Teredo, NAT64
        *(("::ffff:127.0.0.1", False), ("::ffff:169.254.169.254", False), ("2002:7f00:1::", False)),
        *(("64:ff9b::a9fe:a9fe", False), ("64:ff9b::5db8:d822", True)),
    ],
)
def test_only_public_addresses_are_reached(address: str, may: bool) -> None:
    assert Reach().may(address) == may


def test_a_setting_opens_a_network_and_never_metadata() -> None:
    everywhere = Reach((ip_network("0.0.0.0/0"), ip_network("::/0")))
    assert everywhere.may("10.1.2.3")
    assert everywhere.may("127.0.0.1", plain=True)
    assert not everywhere.may("10.1.2.3", plain=True)
    assert not any(everywhere.may(address) for address in ("169.254.169.254", "100.100.100.200", "::ffff:169.254.1.1"))


def test_a_private_address_is_refused_when_it_is_connected_to(receiver: Receiver) -> None:
    with pytest.raises(NotSent, match="address refused"):
        send(receiver.port, Reach())
    assert receiver.taken == []


def test_a_name_that_answers_otherwise_the_second_time_leads_nowhere(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["127.0.0.1", "169.254.169.254"])
    asked = socket.getaddrinfo

    def rebinding(host: str, *more: Any, **how: Any) -> Any:
        return asked(next(answers) if host == "localhost" else host, *more, **how)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    send(receiver.port, host="localhost")
    assert (len(receiver.taken), next(answers)) == (1, "169.254.169.254")  # which nobody asked for


def test_one_bad_address_among_good_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
    with pytest.raises(NotSent, match="address refused"):
        Reach().address("two.example", 443, plain=False)


def test_a_name_that_nobody_knows_is_a_fault() -> None:
    with pytest.raises(NotSent, match="name not known"):
        Reach().address("nowhere.invalid", 443, plain=False)


def test_an_answer_that_is_no_http_is_a_fault(receiver: Receiver) -> None:
    receiver.answer = nonsense
    with pytest.raises(NotSent, match=http.client.BadStatusLine.__name__):
        send(receiver.port)
