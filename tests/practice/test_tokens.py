"""feed.md 1 and 6: who may read, and when the token does not work."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from navfeed.practice import Practice, Request

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def claims(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def send(practice, token, target="/api/v1/feed", method="GET"):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return practice.answer(Request(method, target, headers))


@pytest.fixture(autouse=True)
def _one_ad(world):
    world.publish()


def test_public_token_is_a_sentence_and_then_the_jwt(practice):
    answer = practice.answer(Request("GET", "/api/publicToken"))
    sentence, token = answer.body.decode().split("\n")
    assert answer.header("Content-Type").startswith("text/plain")
    assert sentence.endswith(":")
    assert token == practice.token
    assert send(practice, token).status == 200


def test_it_is_a_signed_hs256_jwt_of_35_days(world):
    practice = Practice(world, secret="hemmelig")
    head, body, proof = practice.token.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"typ": "JWT", "alg": "HS256"}
    expected = hmac.new(b"hemmelig", f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(proof + "=") == expected
    times = claims(practice.token)
    assert times["exp"] - times["iat"] == 35 * 24 * 3600
    assert abs(times["iat"] - world.now.timestamp()) < 2


@pytest.mark.parametrize("token", [None, "", "abc", "a.b.c"])
def test_without_a_valid_token_401_with_a_small_json_body(practice, token):
    for target in ("/api/v1/feed", "/api/v1/feed?last", "/api/v1/feed/x", "/api/v1/feedentry/x"):
        answer = send(practice, token, target)
        assert answer.status == 401
        assert answer.json()["status"] == 401
        assert (len(answer.body), answer.header("Content-Type")) == (138, "application/json")
        assert answer.header("WWW-Authenticate") is None


def test_a_browser_is_refused_in_html(practice):
    wants = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = practice.answer(Request("GET", "/api/v1/feed", wants))
    assert (answer.status, answer.body) == (401, b"Unauthorized")
    assert answer.header("Content-Type") == "text/html"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_scheme_may_be_written_in_any_case(practice, scheme):
    headers = {"authorization": f"{scheme} {practice.token}"}
    assert practice.answer(Request("HEAD", "/api/v1/feed", headers)).status == 200
    practice.world.publish()
    assert practice.answer(Request("GET", "/api/v1/feed", headers)).status == 200


def test_another_scheme_is_no_token(practice):
    headers = {"authorization": f"Basic {practice.token}"}
    assert practice.answer(Request("GET", "/api/v1/feed", headers)).status == 401


def test_head_without_a_token_proves_nothing(practice):
    for target, status in (("/api/v1/feed/nonsense", 200), ("/api/v1/nothing", 404)):
        answer = practice.answer(Request("HEAD", target))
        assert answer.status == status
    assert send(practice, None, method="HEAD").body == b""


def test_none_at_all_is_404_and_a_sentence(practice):
    old = practice.token
    practice.withdraw_token()
    answer = practice.answer(Request("GET", "/api/publicToken"))
    assert answer.status == 404
    assert b" " in answer.body
    assert send(practice, old).status == 401
    assert send(practice, practice.rotate_token()).status == 200


def test_a_replaced_token_stops_working(practice):
    old = practice.token
    new = practice.rotate_token()
    assert new != old
    assert practice.token == new
    assert (send(practice, old).status, send(practice, new).status) == (401, 200)


def test_for_five_hours_an_expired_token_is_served(practice, world):
    token = practice.token
    end = datetime.fromtimestamp(claims(token)["exp"], UTC)
    world.advance(end - world.now - timedelta(seconds=1))
    assert send(practice, token).status == 200
    world.advance(HOUR)
    assert practice.token == token
    assert send(practice, token).status == 401
    world.advance(5 * HOUR)
    assert practice.token != token
    assert claims(practice.token)["exp"] > world.now.timestamp()


def test_an_expired_token_can_be_had_at_once(practice, world):
    token = practice.rotate_token(life=timedelta())
    assert practice.token == token
    assert claims(token)["exp"] <= world.now.timestamp()
    assert send(practice, token).status == 401


def test_after_a_replacement_old_and_new_flicker_for_half_an_hour(practice, world):
    old = practice.token
    new = practice.rotate_token(spread=HOUR / 2)
    assert {send(practice, new).status for _ in range(4)} == {200, 401}
    assert {send(practice, old).status for _ in range(4)} == {200, 401}
    world.advance(HOUR / 2)
    assert {send(practice, new).status for _ in range(4)} == {200}
    assert {send(practice, old).status for _ in range(4)} == {401}


def test_no_second_request_fails_twice_in_a_row_while_it_flickers(practice):
    new = practice.rotate_token(spread=HOUR / 2)
    statuses = [send(practice, new).status for _ in range(6)]
    assert all(set(pair) == {200, 401} for pair in pairwise(statuses))


def test_a_late_replacement_by_the_server_itself_flickers_too(practice, world):
    world.advance(36 * DAY)
    new = practice.token
    assert {send(practice, new).status for _ in range(4)} == {200, 401}


def test_private_tokens_may_lack_exp(practice, world):
    forever, short = practice.issue_token(), practice.issue_token(life=DAY)
    assert "exp" not in claims(forever)
    world.advance(2 * DAY)
    assert (send(practice, forever).status, send(practice, short).status) == (200, 401)
    practice.rotate_token()
    assert send(practice, forever).status == 200


def test_other_methods_and_paths_are_not_found(practice):
    for method, target in (("POST", "/api/v1/feed"), ("GET", "/api/v1"), ("GET", "/")):
        assert send(practice, practice.token, target, method).status == 404
