/*
 * A guest that has been taken over: in the agent's place, and of ill will. What it does is chosen at compile time by
 * -DDEED=...; the host must survive each.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* Finds the agent's port: the only one of this guest. */
static int open_port(void) {
    char path[64];
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    for (int attempt = 0; attempt < 200; attempt++) {
        for (int device = 0; device < 8; device++) {
            for (int port = 0; port < 8; port++) {
                snprintf(path, sizeof path, "/dev/vport%dp%d", device, port);
                int fd = open(path, O_RDWR);
                if (fd >= 0)
                    return fd;
            }
        }
        usleep(10000);
    }
    puts("hostile: no port");
    return -1;
}

/* ttrpc: length u32 big endian, stream u32 big endian, type u8, flags u8 */
static void frame(int fd, uint32_t length, uint32_t stream, uint8_t type, const void *data, size_t bytes) {
    uint8_t head[10] = {length >> 24, length >> 16, length >> 8, length,
                        stream >> 24, stream >> 16, stream >> 8, stream, type, 0};
    write(fd, head, sizeof head);
    write(fd, data, bytes);
}

/* Bytes without any sense, for ever. */
static void garbage(int fd) {
    static uint8_t noise[65536];
    int random = open("/dev/urandom", O_RDONLY);
    read(random, noise, sizeof noise);
    noise[0] = 0x00; /* a length that is not refused at once */
    for (;;)
        write(fd, noise, sizeof noise);
}

/* A frame of 4 GB is announced, and comes. */
static void huge(int fd) {
    static uint8_t zeros[65536];
    frame(fd, 0xfffffff0u, 1, 2, zeros, sizeof zeros);
    for (;;)
        write(fd, zeros, sizeof zeros);
}

/* Well-formed answers that nobody asked for, for ever. */
static void unasked(int fd) {
    for (uint32_t stream = 1000001;; stream += 2)
        frame(fd, 4, stream, 2, "\x0a\x02\x08\x00", 4);
}

/* The first request is answered, and all are: with success and nonsense. */
static void liar(int fd) {
    static uint8_t request[1 << 20];
    static uint8_t nonsense[4096];
    memset(nonsense, 0xff, sizeof nonsense);
    nonsense[0] = 0x12; /* payload = ... */
    nonsense[1] = 0xfd; /* 4093 bytes */
    nonsense[2] = 0x1f;
    for (;;) {
        ssize_t count = read(fd, request, sizeof request);
        if (count < 10)
            continue;
        for (uint32_t stream = 1; stream < 64; stream += 2)
            frame(fd, sizeof nonsense, stream, 2, nonsense, sizeof nonsense);
    }
}

/* Requests are read and never answered. */
static void silent(int fd) {
    static uint8_t request[4096];
    for (;;)
        read(fd, request, sizeof request);
}

/* The last line of the console, then the end of PID 1: the kernel panics. */
static void quit(int fd) {
    (void)fd;
    puts("hostile: these are my last words");
    fflush(stdout);
}

int main(void) {
    DEED(DEED_NEEDS_PORT ? open_port() : -1);
    return 3;
}
