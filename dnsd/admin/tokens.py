"""Tokens: made, shown without their secrets, revoked."""

from __future__ import annotations

from aiohttp import web

from dnsd.admin import queries, replies
from dnsd.admin.access import Access
from dnsd.admin.bodies import read_json, read_nothing
from dnsd.codec.token import document_of_token
from dnsd.registry.tokens import Tokens


class TokenCalls:
    """``/v1/tokens``."""

    def __init__(self, tokens: Tokens, access: Access) -> None:
        self._tokens = tokens
        self._access = access

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [
            web.post("/v1/tokens", self.create),
            web.get("/v1/tokens", self.list),
            web.delete("/v1/tokens/{token}", self.revoke),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """Make a token; ``token`` is its text (null for a certificate's), told here and never again."""
        queries.check_parameters(request)
        document = await read_json(request)
        token, text = await self._tokens.create(document, self._access.author(request))
        return replies.reply(document_of_token(token) | {"token": text}, status=201)

    async def list(self, request: web.Request) -> web.Response:
        """All tokens."""
        queries.check_parameters(request)
        return replies.reply({"items": [document_of_token(token) for token in self._tokens.all()]})

    async def revoke(self, request: web.Request) -> web.Response:
        """End a token; the reply is the token as it was."""
        queries.check_parameters(request)
        await read_nothing(request)
        token = await self._tokens.revoke(request.match_info["token"], self._access.author(request))
        return replies.reply(document_of_token(token))
