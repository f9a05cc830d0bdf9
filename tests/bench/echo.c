/* The floor: recvmmsg and sendmmsg, 64 a batch, nothing looked up. Every query is sent back with the QR bit set,
 * filled up to OCTETS, so that it sends as many bytes as the server it is compared with. Usage: echo PORT OCTETS */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = 4096 };

int main(int argc, char **argv) {
    static char packets[BATCH][ROOM];
    static struct sockaddr_in peers[BATCH];
    static struct iovec vectors[BATCH];
    static struct mmsghdr messages[BATCH];
    if (argc != 3) return 2;
    size_t octets = strtoul(argv[2], NULL, 10);
    if (octets > ROOM) return 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int door = socket(AF_INET, SOCK_DGRAM, 0);
    if (door < 0 || bind(door, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("echo");
        return 1;
    }
    for (int i = 0; i < BATCH; i++) {
        vectors[i].iov_base = packets[i];
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &peers[i];
    }
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            vectors[i].iov_len = ROOM;
            messages[i].msg_hdr.msg_namelen = sizeof peers[i];
        }
        int count = recvmmsg(door, messages, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < count; i++) {
            packets[i][2] |= (char)0x80;
            vectors[i].iov_len = messages[i].msg_len > octets ? messages[i].msg_len : octets;
        }
        for (int sent = 0; sent < count;) {
            int now = sendmmsg(door, messages + sent, count - sent, 0);
            sent += now > 0 ? now : 1;
        }
    }
}
