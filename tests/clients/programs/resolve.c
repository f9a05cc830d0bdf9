/* resolve v4|v6|host NAME: what getaddrinfo (or gethostbyname) of the libc it was built with says. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int by_gethostbyname(const char *name) {
    char text[INET_ADDRSTRLEN];
    struct hostent *host = gethostbyname(name);
    if (host == NULL) {
        puts(h_errno == HOST_NOT_FOUND || h_errno == NO_DATA ? "absent" : "failed");
        return 1;
    }
    for (char **address = host->h_addr_list; *address; address++)
        puts(inet_ntop(host->h_addrtype, *address, text, sizeof text));
    return 0;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    if (strcmp(words[1], "host") == 0) return by_gethostbyname(words[2]);
    struct addrinfo *found, hints = {.ai_family = strcmp(words[1], "v6") ? AF_INET : AF_INET6, .ai_socktype = SOCK_STREAM};
    int code = getaddrinfo(words[2], NULL, &hints, &found);
    if (code) {
        puts(code == EAI_NONAME || code == -5 ? "absent" : gai_strerror(code)); /* -5: EAI_NODATA, where there is one */
        return 1;
    }
    for (struct addrinfo *at = found; at; at = at->ai_next) {
        char text[NI_MAXHOST];
        getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
        puts(text);
    }
    freeaddrinfo(found);
    return 0;
}
