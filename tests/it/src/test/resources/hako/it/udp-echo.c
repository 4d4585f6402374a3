/* Sends every datagram back to where it came from. Busybox has no server for UDP. */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int count, char **words) {
    struct sockaddr_in from, here = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(words[1]) : 7000)};
    char datagram[2048];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
        return 1;
    for (;;) {
        socklen_t size = sizeof from;
        ssize_t length = recvfrom(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &size);
        if (length >= 0)
            sendto(fd, datagram, length, 0, (struct sockaddr *)&from, size);
    }
}
