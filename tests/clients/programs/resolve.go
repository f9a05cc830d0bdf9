// resolve v4|v6|srv NAME, by Go's own resolver.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
)

func main() {
	resolver, background := net.Resolver{PreferGo: true}, context.Background()
	var fault error
	if os.Args[1] == "srv" {
		var targets []*net.SRV
		_, targets, fault = resolver.LookupSRV(background, "http", "tcp", os.Args[2])
		for _, target := range targets {
			fmt.Println(target.Priority, target.Weight, target.Port, target.Target)
		}
	} else {
		var addresses []net.IP
		addresses, fault = resolver.LookupIP(background, map[string]string{"v4": "ip4", "v6": "ip6"}[os.Args[1]], os.Args[2])
		for _, address := range addresses {
			fmt.Println(address)
		}
	}
	var told *net.DNSError
	if errors.As(fault, &told) && told.IsNotFound {
		fmt.Println("absent")
	} else if fault != nil {
		fmt.Println(fault)
	}
}
