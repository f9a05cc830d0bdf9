"""The clients whose packets make the corpus: what each needs, and the commands by which it asks."""

import sys
from dataclasses import dataclass, field

NAMES = (
    "web.default.svc.cluster.local",
    "_http._tcp.web.default.svc.cluster.local",
    "web.default.svc.cluster.local.cluster.local",
    "cluster.local",
    "1.0.0.10.in-addr.arpa",
    "alias.example.org",
    "x.old.example.org",
    "x.wild.example.org",
    "www.sub.example.org",
    "example.com",
)
WEB, SRV, *_ = NAMES
HERE = "127.0.0.1"
RESOLV = (
    f"nameserver {HERE}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 timeout:1\n"
)
KEY = "hmac-sha256:key.example.org:MDEyMzQ1Njc4OWFiY2RlZg=="
Command = tuple[str, ...]


@dataclass(frozen=True)
class Client:
    """``needs``: programs; ``files``: written before; ``build``: run once; ``helper``: runs beside the commands."""

    name: str
    needs: Command
    commands: tuple[Command, ...]
    files: dict[str, str] = field(default_factory=dict)
    build: Command = ()
    helper: Command = ()


def _dig(*options: str) -> Command:
    return ("dig", f"@{HERE}", "+tries=1", "+time=2", *options)


def _kdig(*options: str) -> Command:
    return ("kdig", f"@{HERE}", "+retry=0", "+time=2", *options)


DIG = Client(
    "dig",
    ("dig",),
    (
        *(_dig(name, rtype) for name in NAMES for rtype in ("A", "SRV")),
        *(
            _dig(WEB, option)
            for option in (
                *(
                    "+noedns",
                    "+dnssec",
                    "+nsid",
                    "+tcp",
                    "+keepopen",
                    "+subnet=10.0.0.0/8",
                    "+bufsize=512",
                    "+norecurse",
                ),
                *("+cd", "+zflag", "+nocookie", "+cookie=0011223344556677", "+ednsopt=65001:00ff", "+ednsflags=0x40"),
                *("+edns=1", "+expire", "+padding=128", "+opcode=2", "+opcode=4", "+header-only", "+nocrypto"),
            )
        ),
        _dig("-y", KEY, WEB, "A"),
        _dig("-y", KEY, "cluster.local", "AXFR"),
        _dig("-y", KEY, "cluster.local", "IXFR=2"),
        _dig("-x", "10.0.0.1"),
        _dig("version.bind", "CH", "TXT"),
        _dig(WEB, "ANY"),
        _dig(WEB, "TYPE65280"),
        _dig("+ednsopt=10:00", WEB),
    ),
)
KDIG = Client(
    "kdig",
    ("kdig",),
    (
        *(
            _kdig(SRV, "SRV", option)
            for option in ("+noedns", "+edns", "+dnssec", "+nsid", "+cookie", "+tcp", "+padding")
        ),
        _kdig(SRV, "SRV", "+cookie", "+badcookie", "+tcp", "+keepopen"),
        _kdig(WEB, "A", "+subnet=192.0.2.0/24", "+alignment=128"),
        _kdig("cluster.local", "AXFR"),
        _kdig("cluster.local", "IXFR=1"),
        _kdig("-y", KEY, WEB),
    ),
)
DRILL = Client(
    "drill",
    ("drill",),
    (
        *(
            ("drill", f"@{HERE}", *more)
            for more in ((WEB,), ("-t", SRV, "SRV"), ("-D", WEB, "DNSKEY"), ("-b", "4096", WEB))
        ),
        ("drill", "-x", f"@{HERE}", "10.0.0.1"),
        ("drill", "-o", "cd", f"@{HERE}", "cluster.local", "SOA"),
    ),
)
HOST = Client("host", ("host",), (("host", WEB), ("host", "-a", WEB), ("host", "-t", "SRV", SRV), ("host", "10.0.0.1")))
NSLOOKUP = Client(
    "nslookup", ("nslookup",), (("nslookup", WEB), ("nslookup", "-type=srv", SRV), ("nslookup", "-vc", WEB))
)
DELV = Client("delv", ("delv",), (("delv", f"@{HERE}", "-i", WEB), ("delv", f"@{HERE}", "-i", SRV, "SRV")))
NSUPDATE = Client(
    "nsupdate",
    ("nsupdate",),
    (("nsupdate", "-y", KEY, "update"), ("nsupdate", "-v", "update")),
    {"update": f"server {HERE}\nzone cluster.local\nupdate add x.cluster.local 5 A 10.0.0.9\nsend\n"},
)
GLIBC = Client(
    "glibc",
    ("getent",),
    (
        *(("getent", "ahosts", name) for name in ("web", WEB, f"{WEB}.", "nobody", "example.com")),
        ("getent", "hosts", "10.0.0.1"),
        ("sh", "-c", f"RES_OPTIONS='edns0 trust-ad use-vc' getent ahosts {WEB}."),
        ("sh", "-c", f"RES_OPTIONS='edns0 single-request' getent ahostsv4 {WEB}."),
    ),
)
MUSL = Client(
    "musl",
    ("musl-gcc",),
    tuple(("./ask", name) for name in ("web", WEB, f"{WEB}.", "nobody")),
    {
        "ask.c": "#include <netdb.h>\n#include <stddef.h>\n"
        "int main(int n, char **v) { struct addrinfo *a; return getaddrinfo(v[n - 1], NULL, NULL, &a); }\n"
    },
    ("musl-gcc", "-static", "-o", "ask", "ask.c"),
)
BUSYBOX = Client(
    "busybox",
    ("busybox",),
    (
        ("busybox", "nslookup", WEB, HERE),
        ("busybox", "nslookup", "-type=srv", SRV),
        ("busybox", "nslookup", "10.0.0.1"),
    ),
)
GO = Client(
    "go",
    ("go",),
    (("./ask",),),
    {
        "go.mod": "module ask\ngo 1.19\n",
        "ask.go": 'package main\nimport ("context"; "net")\nfunc main() {\n'
        "r, c := net.Resolver{PreferGo: true}, context.Background()\n"
        f'r.LookupHost(c, "web"); r.LookupHost(c, "{WEB}."); r.LookupSRV(c, "http", "tcp", "{WEB}")\n'
        'r.LookupAddr(c, "10.0.0.1"); r.LookupTXT(c, "x.wild.example.org"); r.LookupCNAME(c, "alias.example.org")\n}\n',
    },
    ("go", "build", "-o", "ask", "."),
)
NODE = Client(
    "node",
    ("node",),
    (("node", "ask.js"),),
    {
        "ask.js": f"""const dns = require('dns').promises, no = () => 0;
(async () => {{ for (const t of ['A', 'AAAA', 'SRV', 'ANY', 'SOA', 'TXT']) await dns.resolve('{SRV}', t).catch(no);
await dns.lookup('{WEB}').catch(no); await dns.reverse('10.0.0.1').catch(no); }})();"""
    },
)
JAVA = Client(
    "java",
    ("java",),
    (("java", "Ask.java"),),
    {
        "Ask.java": f"""import java.util.Hashtable; import javax.naming.directory.*;
public class Ask {{ public static void main(String[] a) throws Exception {{
Hashtable<String, String> e = new Hashtable<>();
e.put("java.naming.factory.initial", "com.sun.jndi.dns.DnsContextFactory");
e.put("java.naming.provider.url", "dns://{HERE}");
new InitialDirContext(e).getAttributes("{SRV}", new String[] {{"SRV"}});
new InitialDirContext(e).getAttributes("{WEB}", new String[] {{"A", "AAAA"}});
java.net.InetAddress.getAllByName("{WEB}"); }} }}"""
    },
)
CARES = Client(
    "c-ares",
    (sys.executable,),
    ((sys.executable, "ask.py"),),
    {
        "ask.py": f"""import pycares
channel = pycares.Channel(servers=["{HERE}"], timeout=2.0, tries=1)
for name, rtype in (("{WEB}", "A"), ("{WEB}", "AAAA"), ("{SRV}", "SRV"), ("example.com", "TXT")):
    channel.query(name, getattr(pycares, f"QUERY_TYPE_{{rtype}}"), callback=lambda *told: None)
    channel.wait(3)
channel.getaddrinfo("{WEB}", 80, callback=lambda *told: None)
channel.wait(3)
channel.close()
"""
    },
)
DNSPYTHON = Client(
    "dnspython",
    (sys.executable,),
    ((sys.executable, "ask.py"),),
    {
        "ask.py": f"""import dns.message, dns.query, dns.resolver
for options in ({{}}, {{"use_edns": 0}}, {{"want_dnssec": True}}, {{"use_edns": 0, "payload": 4096, "pad": 128}}):
    for name, rtype in (("{WEB}", "A"), ("{SRV}", "SRV"), ("example.com", "ANY")):
        dns.query.udp_with_fallback(dns.message.make_query(name, rtype, **options), "{HERE}", 2)
dns.resolver.resolve("web", "A", search=True)
"""
    },
)
UNBOUND = Client(
    "unbound",
    ("unbound", "dig"),
    (
        ("sleep", "2"),
        *(
            ("dig", f"@{HERE}", "-p", "5300", "+tries=3", "+time=2", name, rtype)
            for name in NAMES
            for rtype in ("A", "SRV")
        ),
    ),
    {
        "unbound.conf": f"""server:
  interface: {HERE}@5300
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-ip6: no
  module-config: "iterator"
  do-not-query-localhost: no
  local-zone: "local." nodefault
  local-zone: "10.in-addr.arpa." nodefault
"""
        + "".join(
            f"stub-zone:\n  name: {zone}\n  stub-addr: {HERE}@53\n"
            for zone in ("cluster.local", "10.in-addr.arpa", "example.org", "example.com")
        )
    },
    helper=("unbound", "-d", "-c", "unbound.conf"),
)
HAPROXY = Client(
    "haproxy",
    ("haproxy",),
    (("timeout", "5", "haproxy", "-f", "haproxy.cfg"),),
    {
        "haproxy.cfg": f"""defaults
  timeout connect 1s
  timeout client 1s
  timeout server 1s
resolvers here
  nameserver here {HERE}:53
  accepted_payload_size 8192
backend web
  server-template web 3 {SRV} resolvers here check inter 1s
  server one {WEB}:80 resolvers here check inter 1s
frontend door
  bind {HERE}:5400
  default_backend web
"""
    },
)
CURL = Client("curl", ("curl",), (("curl", "-m", "2", f"http://{WEB}:1/"), ("curl", "-4", "-m", "2", "http://web:1/")))
RESOLVED = Client(
    "systemd-resolved",
    ("systemd-resolved", "dig"),
    (
        ("sleep", "2"),
        *(("dig", "@127.0.0.53", "+tries=2", "+time=3", name, "A") for name in (WEB, SRV, "nobody.cluster.local")),
    ),
    helper=("systemd-resolved",),
)
CLIENTS = (
    *(
        DIG,
        KDIG,
        DRILL,
        HOST,
        NSLOOKUP,
        DELV,
        NSUPDATE,
        GLIBC,
        MUSL,
        BUSYBOX,
        GO,
        NODE,
        JAVA,
        CARES,
        DNSPYTHON,
        UNBOUND,
    ),
    *(HAPROXY, CURL, RESOLVED),
)
