/* Stands where a container manager's monitor stands: runs a command as a child subreaper (prctl(2)), and tells on standard
 * error of that, and of the first other process that becomes its child and ends: "reaped PID CODE", 128 + n where signal n
 * ended it. */
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	int status;
	pid_t command, pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	command = fork();
	if (command == 0) {
		execv(arguments[1], arguments + 1);
		_exit(126);
	}
	/* What it runs inherits the streams: not to hold the input open. */
	close(0);
	do {
		pid = wait(&status);
		if (pid < 0)
			break;
		dprintf(2, "reaped %d %d\n", pid, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	} while (pid == command);
	return 0;
}
