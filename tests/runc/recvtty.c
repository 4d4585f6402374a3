/* Listens on a console socket and reads whatever terminals come, for ever: recvtty --pid-file FILE --mode null SOCKET. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST 64

static int receive(int connection)
{
	char byte[256], control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { byte, sizeof byte };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *header;
	int terminal = -1;

	if (recvmsg(connection, &message, 0) > 0 && (header = CMSG_FIRSTHDR(&message)))
		memcpy(&terminal, CMSG_DATA(header), sizeof terminal);
	close(connection);
	return terminal;
}

int main(int count, char **arguments)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct pollfd polled[MOST] = { { .events = POLLIN } };
	const char *pid_file = NULL;
	char read_away[4096];
	int used = 1, i;
	FILE *file;

	for (i = 1; i < count - 1; i++)
		if (strcmp(arguments[i], "--pid-file") == 0)
			pid_file = arguments[i + 1];
	strncpy(address.sun_path, arguments[count - 1], sizeof address.sun_path - 1);
	polled[0].fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(polled[0].fd, (struct sockaddr *)&address, sizeof address) || listen(polled[0].fd, 8))
		return 1;
	if (pid_file && (file = fopen(pid_file, "w"))) {
		fprintf(file, "%d", getpid());
		fclose(file);
	}
	while (poll(polled, used, -1) > 0) {
		if (polled[0].revents && used < MOST) {
			polled[used].fd = receive(accept(polled[0].fd, NULL, NULL));
			polled[used++].events = POLLIN;
		}
		for (i = 1; i < used; i++)
			if (polled[i].revents && read(polled[i].fd, read_away, sizeof read_away) <= 0) {
				close(polled[i].fd);
				polled[i] = polled[--used];
			}
	}
	return 0;
}
