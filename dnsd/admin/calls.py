"""Every call of the API for its description: parameters, body, replies, and an example that the tests run.

To add a call: its route in its column, and a line in ``CALLS``; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from dnsd.admin import paths
from dnsd.admin.needs import (
    ADMIN,
    DELETE_ONE,
    DRAIN_ONE,
    OPEN,
    READ_ALL,
    READ_ONE,
    READ_SOME,
    REGISTER_ONE,
    REGISTER_SOME,
    WRITE_SOME,
    Need,
)
from dnsd.codec import answer_shapes as answers
from dnsd.codec import operator_shapes as operators
from dnsd.codec import reply_shapes as replies
from dnsd.codec.requests import BatchShape, EndpointsShape, RenewShape, RestoreShape, TokenShape
from dnsd.codec.shapes import EndpointShape, PatchShape, ServiceShape

MANIFEST = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "gin-demo"},
    "spec": {"ports": [{"name": "http", "port": 8080}]},
}
_KEY = {"namespace": "default", "service": "web", "id": "web-1"}
_ENDPOINT = {"address": "192.0.2.10", "ports": {"http": 8080}, "lease_seconds": 30}
_STORED = {"kind": "endpoint", **_KEY, "addresses": ["192.0.2.10"], "lease_seconds": None}
_TOKEN = {
    "name": "ci",
    "grants": [{"verbs": ["read", "register"], "namespace": "shop", "addresses": ["10.0.0.0/8"]}],
    "expires_seconds": 86_400,
}
_WRITE = (409, 410, 412, 503)
_BODY = (400, 408, 413, 415, 422)
_LIST = ("namespace", "label", "state", "limit", "cursor")


@dataclass(frozen=True, slots=True)
class Call:
    """A method of a path. ``needs``: what whoever calls must be allowed; ``replies``: status -> shape, or a content
    type; ``body``: shape of the body.
    """

    needs: Need | None
    method: str
    path: str
    title: str
    replies: dict[int, type[BaseModel] | str]
    problems: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    body: type[BaseModel] | str | None = None
    example: Any = None
    query: dict[str, str] = field(default_factory=dict)


CALLS = (
    Call(REGISTER_ONE, "put", paths.SERVICE, "Declare or replace a service",
         {200: replies.ServiceWritten, 201: replies.ServiceWritten}, (*_BODY, *_WRITE), ("If-Match", "If-None-Match"),
         ServiceShape, {"ports": [{"name": "http", "port": 80, "target_port": "http"}], "ttl_seconds": 5}),
    Call(REGISTER_ONE, "put", paths.ENDPOINT, "Register an endpoint, or renew it when nothing differs",
         {200: replies.EndpointWritten, 201: replies.EndpointWritten}, (*_BODY, *_WRITE, 429),
         ("If-Match", "If-None-Match"), EndpointShape, _ENDPOINT),
    Call(READ_ONE, "get", paths.SERVICE, "A service with its endpoints", {200: replies.ServiceWithEndpointsReply},
         (400, 404, 422, 503)),
    Call(READ_SOME, "get", paths.SERVICES, "The services of a namespace", {200: replies.ServiceList}, (400, 422, 503),
         _LIST[1:], query={"limit": "10"}),
    Call(READ_SOME, "get", "/v1/services", "All services", {200: replies.ServiceList}, (400, 503), _LIST,
         query={"namespace": "default", "state": "ready"}),
    Call(READ_SOME, "get", "/v1/endpoints",
         "All endpoints", {200: replies.EndpointList}, (400, 503), (*_LIST, "service"),
         query={"service": "web"}),
    Call(READ_SOME, "get", "/v1/prometheus",
         "Targets for Prometheus' http_sd_configs", {200: "application/json"}, (400, 503),
         ("namespace", "service", "label", "state", "port"), query={"port": "metrics"}),
    Call(READ_ONE, "get", paths.ENDPOINT,
         "An endpoint with its lease", {200: replies.EndpointReply}, (400, 404, 422, 503)),
    Call(REGISTER_ONE, "patch", paths.ENDPOINT,
         "Change weight, priority, ready or metadata", {200: replies.EndpointWritten},
         (404, *_BODY, *_WRITE), ("If-Match",), PatchShape, {"weight": 10}),
    Call(REGISTER_ONE, "post", paths.ENDPOINT + "/renew",
         "A heartbeat", {200: replies.RenewedReply}, (400, 404, 410, 415, 422)),
    Call(REGISTER_SOME, "post", "/v1/renew", "Many heartbeats", {200: replies.RenewalsReply}, _BODY, (), RenewShape,
         {"endpoints": [_KEY]}),
    Call(READ_SOME, "get", "/v1/answer",
         "What a resolver would be told now, and why", {200: answers.AnswerReply}, (400, 503),
         ("name", "type", "client", "size"), query={"name": "web.default.svc.cluster.local", "type": "SRV"}),
    Call(READ_SOME, "get", "/v1/watch",
         "Changes as they happen: Server-Sent Events put, delete, reset; with name: answer",
         {200: "text/event-stream"}, (400, 410, 429, 503),
         ("Last-Event-ID", "namespace", "service", "label", "name", "type")),
    Call(DRAIN_ONE, "post", paths.ENDPOINT + "/drain",
         "Out of the answers; its lease goes on", {200: replies.DrainedReply},
         (400, 404, 409, 410, 415, 422, 503), ("force",)),
    Call(DRAIN_ONE, "post", paths.ENDPOINT + "/undrain", "Back into the answers", {200: replies.EndpointWritten},
         (400, 404, 409, 410, 415, 422, 503)),
    Call(WRITE_SOME, "post", "/v1/batch", "Many writes as one atomic change", {200: replies.BatchReply},
         (404, *_BODY, *_WRITE), (), BatchShape,
         {"operations": [{"op": "put", "kind": "endpoint", **_KEY, "id": "web-2", "value": _ENDPOINT}]}),
    Call(REGISTER_SOME, "post", "/v1/apply",
         "Kubernetes manifests as one change: Service, Endpoints, EndpointSlice, List",
         {200: replies.ApplyReply}, (*_BODY, 409, 503), ("dry_run", "prune", "force"),
         "manifest", MANIFEST, {"dry_run": "true"}),
    Call(REGISTER_ONE, "put", paths.ENDPOINTS,
         "Let a service have exactly these endpoints, in one change: never empty in between",
         {200: replies.BatchReply}, (*_BODY, *_WRITE, 404), (), EndpointsShape,
         {"endpoints": {"web-1": _ENDPOINT, "web-3": {"addresses": ["192.0.2.13"], "ports": {"http": 8080}}}}),
    Call(DELETE_ONE, "delete", paths.ENDPOINT,
         "Deregister; the reply is the object as it was", {200: replies.EndpointWritten},
         (400, 404, 415, 422, *_WRITE), ("If-Match",)),
    Call(DELETE_ONE, "delete", paths.SERVICE, "Remove a service with its endpoints", {200: replies.ServiceWritten},
         (400, 404, 415, 422, *_WRITE), ("If-Match",)),
    Call(READ_SOME, "get", "/v1/zones", "The zones that are answered", {200: operators.ZoneList}, (400, 503)),
    Call(READ_ALL, "get", "/v1/zones/{zone}/file", "A zone as a master file", {200: "text/dns"}, (400, 404, 503)),
    Call(ADMIN, "post", "/v1/store/restore", "Write back what the store has lost", {200: operators.RestoredReply},
         (400, 415, 422, 503)),
    Call(ADMIN, "post", "/v1/store/adopt",
         "Accept the store as it is", {200: operators.AdoptedReply}, (400, 415, 422, 503)),
    Call(READ_ALL, "get", "/v1/backup",
         "The whole registry, an object a line", {200: "application/x-ndjson"}, (400, 503)),
    Call(REGISTER_SOME, "post", "/v1/restore",
         "Objects of a backup put where none stands", {200: operators.RestoredBackupReply},
         (*_BODY, *_WRITE), ("replace", "dry_run"), RestoreShape, {"items": [_STORED]}, {"dry_run": "true"}),
    Call(READ_SOME, "get", "/v1/replicas",
         "The replicas that reported of late", {200: operators.ReplicasReply}, (400, 503)),
    Call(ADMIN, "post", "/v1/tokens", "Make a token; its text is told in this reply and never again",
         {201: operators.TokenCreated}, (*_BODY, 409, 503), (), TokenShape, _TOKEN),
    Call(ADMIN, "get", "/v1/tokens", "All tokens, without their secrets", {200: operators.TokenList}, (400, 503)),
    Call(ADMIN, "delete", "/v1/tokens/{token}", "Revoke a token: within 2 s no replica takes it",
         {200: operators.TokenReply}, (400, 404, 415, 422, 503)),
    Call(ADMIN, "get", "/v1/audit", "Who wrote what, the newest first", {200: operators.AuditList}, (400, 503),
         ("limit", "cursor"), query={"limit": "10"}),
    Call(OPEN, "get", "/livez", "The loop turns", {200: "text/plain"}),
    Call(OPEN, "get", "/readyz", "Loaded once, and not leaving",
         {200: operators.ReadyReply, 503: operators.ReadyReply}),
    Call(READ_SOME, "get", "/metrics", "Metrics in the text format of Prometheus", {200: "text/plain"}),
    Call(OPEN, "get", "/openapi.json", "This document", {200: "application/json"}),
    Call(OPEN, "get", "/problems/{slug}", "What a problem's type means", {200: replies.ProblemPage}, (404,)),
)  # fmt: skip
