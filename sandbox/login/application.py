"""login.microsoftonline.com: OpenID discovery, the token endpoint, the signing keys."""

from __future__ import annotations

import hmac
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import refusals
from sandbox.login import tokens
from sandbox.login.assertions import RefusedAssertionError, principal_of

if TYPE_CHECKING:
    from sandbox.azure import Azure

HOST = "https://login.microsoftonline.com"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# A service has a host, or an application's id. Other audiences (the exchange of assertions, one
# online endpoint) open what their holder need not have a right to.
_SERVICE = re.compile(r"https://[\w.-]+|[0-9a-f-]{36}", re.IGNORECASE)


class EntraError(Exception):
    """A refusal as Entra words it: OAuth's error, the AADSTS number, a message."""

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.number = number
        self.message = message


class Login:
    """The routes, for one sandbox's tenant."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure

    def discovery(self, request: Request) -> Response:
        tenant = self._tenant(request)
        root = f"{HOST}/{tenant}"
        version = "/v2.0" if "/v2.0/" in request.url.path else ""
        identity = self.azure.identity
        return JSONResponse(
            {
                "token_endpoint": f"{root}/oauth2{version}/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "jwks_uri": f"{root}/discovery{version}/keys",
                "response_types_supported": ["code", "id_token", "token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "issuer": f"{HOST}/{identity.tenant_id}/v2.0" if version else identity.issuer,
                "authorization_endpoint": f"{root}/oauth2{version}/authorize",
                "device_authorization_endpoint": f"{root}/oauth2{version}/devicecode",
                "tenant_region_scope": "NA",
                "cloud_instance_name": "microsoftonline.com",
            }
        )

    def instances(self, _: Request) -> Response:
        """Which names this cloud's login has; clients ask before they report an error."""
        aliases = ["login.microsoftonline.com", "login.windows.net", "sts.windows.net"]
        return JSONResponse(
            {
                "tenant_discovery_endpoint": f"{HOST}/common/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [
                    {
                        "preferred_network": aliases[0],
                        "preferred_cache": aliases[1],
                        "aliases": aliases,
                    }
                ],
            }
        )

    def keys(self, request: Request) -> Response:
        self._tenant(request)
        return JSONResponse({"keys": [self.azure.identity.public_jwk()]})

    async def token(self, request: Request) -> Response:
        self._tenant(request)
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if form.get("grant_type") != "client_credentials":
            raise EntraError(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form.get('grant_type', '')}'.",
            )
        audience = self._audience(form)
        principal_id, client_id = self._principal(form)
        lifetime = int(tokens.LIFETIME.total_seconds())
        token = tokens.mint(
            self.azure.identity,
            self.azure.clock,
            audience=audience,
            principal_id=principal_id,
            client_id=client_id,
        )
        # One second less than the token's: a client never holds it for longer than it is valid.
        body: dict[str, Any] = {"token_type": "Bearer", "expires_in": lifetime - 1}
        return JSONResponse({**body, "ext_expires_in": lifetime - 1, "access_token": token})

    def _tenant(self, request: Request) -> str:
        tenant = str(request.path_params["tenant"])
        known = self.azure.identity.tenant_id
        if tenant not in (known, "common", "organizations"):
            raise EntraError(
                400,
                "invalid_request",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID "
                "and are signing into the correct cloud.",
            )
        return tenant

    @staticmethod
    def _audience(form: dict[str, str]) -> str:
        """The resource of a v2 scope `https://…/.default`, or of a v1 `resource`."""
        scope = form.get("scope", "").split(" ")[0]
        if "scope" in form and not scope.endswith("/.default"):
            raise EntraError(
                400,
                "invalid_scope",
                1002012,
                f"The provided value for scope {scope} is not valid. Client credential flows must "
                "have a scope value with /.default suffixed to the resource identifier.",
            )
        audience = (scope.removesuffix("/.default") or form.get("resource", "")).rstrip("/")
        if not audience:
            raise EntraError(
                400,
                "invalid_request",
                900144,
                "The request body must contain the following parameter: 'scope'.",
            )
        if not _SERVICE.fullmatch(audience):
            raise EntraError(
                400,
                "invalid_resource",
                500011,
                f"The resource principal named {audience} was not found in the tenant.",
            )
        return audience

    def _principal(self, form: dict[str, str]) -> tuple[str, str]:
        """Object id and application id of who asks. Raises EntraError."""
        identity = self.azure.identity
        client_id = form.get("client_id", "")
        if form.get("client_assertion_type") == ASSERTION_TYPE:
            try:
                return principal_of(self.azure, client_id, form.get("client_assertion", ""))
            except RefusedAssertionError as refused:
                raise EntraError(401, "invalid_client", refused.number, str(refused)) from None
        if client_id != identity.client_id:
            raise EntraError(
                400,
                "unauthorized_client",
                700016,
                f"Application with identifier '{client_id}' was not found in the directory "
                f"'{identity.tenant_id}'. This can happen if the application has not been "
                "installed by the administrator of the tenant or consented to by any user.",
            )
        if not hmac.compare_digest(
            form.get("client_secret", "").encode(), identity.client_secret.encode()
        ):
            raise EntraError(
                401,
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is "
                f"the client secret value, not the client secret ID, for a secret added to app "
                f"'{client_id}'.",
            )
        return identity.principal_id, identity.client_id


def application(azure: Azure) -> Starlette:
    login = Login(azure)

    def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, EntraError)
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = azure.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
        description = (
            f"AADSTS{error.number}: {error.message} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {stamp}"
        )
        body = {
            "error": error.error,
            "error_description": description,
            "error_codes": [error.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{HOST}/error?code={error.number}",
        }
        return JSONResponse(body, error.status)

    return refusals.application(
        [
            Route("/common/discovery/instance", login.instances),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", login.discovery),
            Route("/{tenant}/.well-known/openid-configuration", login.discovery),
            Route("/{tenant}/discovery/v2.0/keys", login.keys),
            Route("/{tenant}/discovery/keys", login.keys),
            Route("/{tenant}/oauth2/v2.0/token", login.token, methods=["POST"]),
            Route("/{tenant}/oauth2/token", login.token, methods=["POST"]),
        ],
        {EntraError: refuse},
    )
