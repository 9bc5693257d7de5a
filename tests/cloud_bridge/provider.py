"""A real OpenID Connect provider in a process of its own: oidc-provider-mock, and PKCE beside it.

The provider checks client, secret, redirect address, code and nonce, and signs with RS256; what
it leaves out, RFC 7636, stands here: a code that was asked for with a challenge is given for the
verifier alone, and without a challenge nobody gets one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import warnings
from urllib.parse import parse_qs, urlsplit

import flask
from werkzeug.serving import make_server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oidc_provider_mock

ANNE = {"sub": "anne-1", "name": "Anne", "preferred_username": "anne", "groups": ["staff", "yard"]}
BOB = {"sub": "bob-1", "name": "Bob", "preferred_username": "bob", "groups": ["staff"]}


def demand_pkce(app: flask.Flask) -> None:
    """Refuse what RFC 7636, section 4.4.1 and 4.6, refuses."""
    challenges: dict[str, str] = {}

    @app.before_request
    def _look() -> flask.Response | None:
        request = flask.request
        if (
            request.path == "/oauth2/authorize"
            and request.args.get("code_challenge_method") != "S256"
        ):
            return flask.make_response("no code_challenge", 400)
        if request.path == "/oauth2/token":
            verifier = request.form.get("code_verifier", "")
            made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
            if challenges.pop(request.form.get("code", ""), "") != made.decode().rstrip("="):
                return flask.make_response({"error": "invalid_grant"}, 400)
        return None

    @app.after_request
    def _keep(answer: flask.Response) -> flask.Response:
        code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code")
        if code:
            challenges[code[0]] = flask.request.args["code_challenge"]
        return answer


def main(port: int) -> None:
    """Serve until the process is ended."""
    users = [oidc_provider_mock.User(sub=one["sub"], claims=one) for one in (ANNE, BOB)]
    app = oidc_provider_mock.app(
        require_client_registration=True, require_nonce=True, user_claims=users
    )
    demand_pkce(app)
    server = make_server("127.0.0.1", port, app, threaded=True)
    print(json.dumps({"port": server.port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
