"""A real OAuth2 server for tests: django-oauth-toolkit, with an API of Django REST framework.

Usage: server.py FOLDER [openid]. It keeps its database in that folder, listens on a free port of 127.0.0.1 and prints one
line of JSON: its port, its clients and its user. With `openid` it has OpenID Connect and so its metadata, at the address of
this version and where newer ones have them. Then each line of JSON on the standard input is a client id and its new secret,
answered by an empty line; at the end of the input it ends.
"""

import json
import secrets
import sys
import threading
from pathlib import Path

import django
from django.conf import settings

FOLDER = Path(sys.argv[1])
HAS_OPENID = "openid" in sys.argv[2:]

settings.configure(
    SECRET_KEY=secrets.token_hex(32),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="__main__",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "oauth2_provider",
        "rest_framework",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(FOLDER / "db.sqlite3")}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    LOGGING_CONFIG=None,
    OAUTH2_PROVIDER={"SCOPES": {"all": "Everything"}, "OIDC_ENABLED": HAS_OPENID},
    REST_FRAMEWORK={"EXCEPTION_HANDLER": "__main__.json_api_errors"},
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope  # noqa: E402
from oauth2_provider.models import get_application_model  # noqa: E402
from oauth2_provider.views import ConnectDiscoveryInfoView  # noqa: E402
from oauth2_provider.views.generic import ProtectedResourceView  # noqa: E402
from rest_framework.authentication import SessionAuthentication  # noqa: E402
from rest_framework.renderers import JSONRenderer  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView, exception_handler  # noqa: E402


class JsonApiRenderer(JSONRenderer):
    """As in django-rest-framework-json-api: it admits this type alone."""

    media_type = "application/vnd.api+json"
    format = "vnd.api+json"


def json_api_errors(exc, context):
    response = exception_handler(exc, context)
    if response is not None:
        detail = str(response.data.get("detail", ""))
        error = {"detail": detail, "status": str(response.status_code), "source": {"pointer": "/data"}}
        response.data = {"errors": [error]}
    return response


class Teams(APIView):
    """The API as it is asked by the probe."""

    renderer_classes = [JsonApiRenderer]
    authentication_classes = [OAuth2Authentication]
    permission_classes = [TokenHasScope]
    required_scopes = ["all"]

    def get(self, request):
        return Response({"data": [{"type": "teams", "id": "5d3f"}]})


class PlainTeams(Teams):
    renderer_classes = [JSONRenderer]


class SessionFirstTeams(Teams):
    """A session has no challenge, so the answer to a stranger is 403."""

    authentication_classes = [SessionAuthentication, OAuth2Authentication]


class OtherTokens(OAuth2Authentication):
    """Of an API that has the tokens of another host."""

    def authenticate(self, request):
        request.META["HTTP_AUTHORIZATION"] = "Bearer of-another-host"
        return super().authenticate(request)


class ElsewhereTeams(Teams):
    authentication_classes = [OtherTokens]


class ViewOfTeams(ProtectedResourceView):
    """The toolkit's own protected view."""

    def get(self, request):
        return JsonResponse({"data": []})


TEAMS = {
    "": Teams,
    "plain/": PlainTeams,
    "session-first/": SessionFirstTeams,
    "elsewhere/": ElsewhereTeams,
    "view/": ViewOfTeams,
}

urlpatterns = [
    pattern
    for prefix, view in TEAMS.items()
    for pattern in (
        path(prefix + "oauth2/", include("oauth2_provider.urls", namespace="oauth2_provider")),
        path(prefix + "restapi/v1/organizations/accounts/teams/", view.as_view()),
    )
]

if HAS_OPENID:
    urlpatterns.append(path("oauth2/.well-known/openid-configuration", ConnectDiscoveryInfoView.as_view()))


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def awkward():
    """Printable ASCII and beyond: in the body of a form everything works."""
    return f"s3 cret+&=%C3:/\"éü{secrets.token_hex(8)}"


def create_user():
    password = awkward()
    get_user_model().objects.create_user("ci-robot", password=password)
    return {"id": "ci-robot", "secret": password}


def create_client(grant):
    application = get_application_model()
    secret = awkward()
    client = application(
        name=grant,
        client_type=application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=grant,
        client_id=f"client of {grant}+1",
        client_secret=secret,
    )
    client.save()
    return {"id": client.client_id, "secret": secret}


def main():
    call_command("migrate", verbosity=0)
    clients = {grant: create_client(grant) for grant in ("client-credentials", "password")}
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler, ipv6=False)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told = {"port": server.server_address[1], "clients": clients, "user": create_user()}
    print(json.dumps(told), flush=True)
    for line in sys.stdin:
        change = json.loads(line)
        client = get_application_model().objects.get(client_id=change["id"])
        client.client_secret = change["secret"]
        client.save()
        print(flush=True)


main()
