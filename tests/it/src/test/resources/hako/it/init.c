/* An init for containers, in the place of the ones that managers bring along: init [--] PROGRAM ARGUMENT... */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char **program = argv + 1;
	if (argc > 1 && strcmp(*program, "--") == 0)
		program++;
	pid_t child = fork();
	if (child == 0) {
		execvp(*program, program);
		_exit(127);
	}
	for (;;) {
		int status;
		pid_t ended = wait(&status);
		if (ended == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (ended < 0)
			return 1;
	}
}
