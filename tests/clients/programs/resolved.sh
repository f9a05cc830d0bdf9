# resolved.sh PACKAGE CONFIGURATION: systemd-resolved as unpacked in PACKAGE, with a /run and an /etc/systemd of its own,
# as nobody: as root it would want its own user, whom only the installed package brings.
set -e
# It asks nobody, on loopback neither, while no other link is up.
ip link add link0 type veth peer name link1
ip address add 192.0.2.1/24 dev link0
ip link set link0 up
ip link set link1 up
mount -t tmpfs -o mode=755 tmpfs /etc/systemd
mkdir /etc/systemd/resolved.conf.d
cp "$2" /etc/systemd/resolved.conf.d/dnsd.conf
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/resolve
chown 65534:65534 /run/systemd/resolve
rights=+net_bind_service,+net_raw,+setpcap
exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=$rights --ambient-caps=$rights \
    "$1/lib/systemd/systemd-resolved"
