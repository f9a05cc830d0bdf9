// resolve lookup4|lookup6|v4|v6|srv NAME: dns.lookup asks the libc, dns.resolve asks by c-ares.
const dns = require('dns').promises;
const [how, name] = process.argv.slice(2);
const ways = {
  lookup4: () => dns.lookup(name, { family: 4, all: true }).then((all) => all.map((one) => one.address)),
  lookup6: () => dns.lookup(name, { family: 6, all: true }).then((all) => all.map((one) => one.address)),
  v4: () => dns.resolve4(name),
  v6: () => dns.resolve6(name),
  srv: () => dns.resolveSrv(name).then((all) => all.map((one) => [one.priority, one.weight, one.port, one.name].join(' '))),
};
ways[how]().then(
  (lines) => console.log(lines.join('\n')),
  (fault) => console.log(['ENOTFOUND', 'ENODATA'].includes(fault.code) ? 'absent' : fault.code),
);
