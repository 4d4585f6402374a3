/* Answers queries of names by UDP (RFC 1035): outside.test is 192.0.2.7, and nothing else is there. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char NAME[] = "\7outside\4test"; /* with the zero at its end */
static const unsigned char ANSWER[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7};

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)}, from;
    unsigned char message[1024];
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(s, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("bind");
        return 1;
    }
    puts("serving");
    fflush(stdout);
    for (;;) {
        socklen_t size = sizeof from;
        ssize_t length = recvfrom(s, message, 512, 0, (struct sockaddr *)&from, &size);
        unsigned char *end = message + 12, *name = end;
        while (end < message + 500 && *end)
            end += *end + 1;
        end += 5;
        if (length < end - message)
            continue;
        int known = end - name - 4 == sizeof NAME && memcmp(name, NAME, sizeof NAME) == 0;
        int found = known && end[-3] == 1; /* type A */
        message[2] |= 0x84;                /* an answer, of who knows */
        message[3] = known ? 0 : 3;        /* or: no such name */
        memset(message + 6, 0, 6);
        message[7] = found;
        if (found) {
            memcpy(end, ANSWER, sizeof ANSWER);
            end += sizeof ANSWER;
        }
        sendto(s, message, end - message, 0, (struct sockaddr *)&from, size);
    }
}
