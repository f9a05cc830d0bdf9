"""dnsd: an authoritative DNS server for service discovery. This docstring is the plan of the house.

Floors are folders, columns are file names; imports go down only (``pyproject.toml`` holds the contract, import-linter
checks it, ``tests/test_house.py`` holds this text and the contract together). Bottom to top:

    model       values and rules, frozen, valid from birth: errors names rdata rrset message service lease health
                change grant token packed
    authority   what we are authoritative for, pure: inventory schema (service -> RRsets) compile (RRsets -> nodes) node
                form octets direct zone domain table tree pointers reverse static lastknown slowstart records journal
                content image catalog explain
    codec       every outside shape of a value, pure: wire (door: dnslib) zonefile document (JSON) manifest (Kubernetes)
                selector tsig signature (door: dnspython) notify token audit
    answer      question to answer, bytes to bytes, pure: scan edns cookies networks access terms checks
                lookup follow order draft short said fit allowed transfer signed complete forwarded respond;
                slip; policy why
    runtime     what a process needs: clock waiting tasks log counts durations metrics notify supervise turns precedence
                pace listeners tls
    forward     names of others, asked of upstreams: upstream routes special names query reply udp tcp tls exchange
                health tries flights cache failures failure forwarder
    store       the shared truth (door: redis): keys redis scripts/*.lua; embedded binary directory
    registry    what the product does: services leases drains ttls departures mirror (follows the store)
                intake (the catalog's only writer) beginning snapshot image disk kept held refill digest replicas herd;
                tokens quotas audit
    health      active checks of endpoints whose service asks for them: probe shares judgement checks
    server      door one, DNS: address holders binding spread sockets; datagrams layout mmsg limiter querylog udp;
                guests connection tcp; answering dot; asking tally forwarding; frames line feed garbage pages source;
                secondaries responder
    admin       door two, HTTP: routes columns; services endpoints leases changes answers zones status failures;
                prometheus; access needs writes reserved tokens audit; calls openapi families wanted;
                doh doh_message doh_http2 (door: h2) doh_patience
    config      the settings, default, least, most: kinds option openings options settings sources
    app         composition root: serve life ground doors secondaries clients forwarding certificates; parent
                process orders channel child; control terms encrypted responder solo
    cli         one sub-command, one file

The way of one query: ``server/udp`` takes a batch -> ``answer/respond``: scan, look the compiled node up, fit, join
-> out, then counted. What is not plain leaves at the scanner and takes the way of ``answer/complete``.

The way of one registration: ``admin/endpoints`` -> ``codec/document`` makes an ``Endpoint`` -> ``registry/services``
-> one script in ``store/redis`` (document, lease, revision, stream entry) -> every replica's ``registry/mirror`` reads
the stream -> ``authority/catalog.apply(change)`` compiles nodes -> ``server/feed`` hands them to the responders.

Processes of one replica: a small parent (opens sockets, starts and restarts the others), the store (the embedded
server, when no ``--redis``), control (admin API, registry, mirror) and ``--workers`` responders (compiled nodes only).
``--workers 0`` puts control and one responder into a single process.
"""

__version__ = "0.1.0"
