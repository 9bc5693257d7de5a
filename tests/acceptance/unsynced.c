/* Remembers what a power cut would take back: every write to a watched file since its last sync.

   LD_PRELOAD=unsynced.so UNSYNCED_LOG=FILE UNSYNCED_NAME=outbox.db program
   Each record of the log: kind, file (0 database, 1 write-ahead log), offset, old size, length
   of the old bytes, the old bytes. A sync of a file is a record as well. The log is written
   before the write happens, so a process killed with kill -9 leaves it complete. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry { uint32_t kind, file; int64_t offset, size, length; };
static int log_fd = -2;

static int watched(int fd) {
    char link[64], path[4096];
    const char *name = getenv("UNSYNCED_NAME"), *log = getenv("UNSYNCED_LOG");
    if (!name || !log) return -1;
    if (log_fd == -2) log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return -1;
    path[n] = 0;
    const char *last = strrchr(path, '/');
    if (!last) return -1;
    size_t length = strlen(name);
    if (strncmp(last + 1, name, length)) return -1;
    if (!last[1 + length]) return 0;
    return strcmp(last + 1 + length, "-wal") ? -1 : 1;
}

static void note(uint32_t kind, int fd, int file, int64_t offset, int64_t count) {
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    struct stat now;
    fstat(fd, &now);
    struct entry head = {kind, (uint32_t)file, offset, now.st_size, 0};
    char *old = NULL;
    if (kind && offset < now.st_size) {
        int64_t left = now.st_size - offset;
        head.length = count < left ? count : left;
        old = malloc(head.length);
        head.length = pread(fd, old, head.length, offset);
    }
    real(log_fd, &head, sizeof head);
    if (old) real(log_fd, old, head.length);
    free(old);
}

#define WRITER(name)                                                                              \
    ssize_t name(int fd, const void *data, size_t count, off_t offset) {                          \
        ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, #name);              \
        int file = watched(fd);                                                                   \
        if (file >= 0) note(1, fd, file, offset, (int64_t)count);                                 \
        return real(fd, data, count, offset);                                                     \
    }
WRITER(pwrite)
WRITER(pwrite64)

#define SYNCER(name)                                                                              \
    int name(int fd) {                                                                            \
        int (*real)(int) = dlsym(RTLD_NEXT, #name);                                               \
        int file = watched(fd), done = real(fd);                                                  \
        if (file >= 0 && !done) note(0, fd, file, 0, 0);                                          \
        return done;                                                                              \
    }
SYNCER(fsync)
SYNCER(fdatasync)

#define CUTTER(name)                                                                              \
    int name(int fd, off_t size) {                                                                \
        int (*real)(int, off_t) = dlsym(RTLD_NEXT, #name);                                        \
        int file = watched(fd);                                                                   \
        if (file >= 0) note(2, fd, file, size, INT64_MAX);                                        \
        return real(fd, size);                                                                    \
    }
CUTTER(ftruncate)
CUTTER(ftruncate64)
