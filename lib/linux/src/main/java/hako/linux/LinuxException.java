package hako.linux;

import hako.base.HakoException;
import java.io.IOException;

/**
 * The kernel (or glibc) refused a call: {@code mount /a on /b: Permission denied (EACCES)}. Decide on {@link #errno}.
 */
public final class LinuxException extends HakoException {
    private static final long serialVersionUID = 1;

    private final int errno;
    private final String call;

    /**
     * @param call the system call or function, {@code mount}
     * @param what action and object, {@code mount /a on /b}
     */
    public LinuxException(String call, String what, int errno) {
        super(kind(errno), code(errno), what + ": " + Errno.text(errno) + " (" + Errno.name(errno) + ")");
        this.errno = errno;
        this.call = call;
    }

    /** One of {@link Errno}. */
    public int errno() {
        return errno;
    }

    public String call() {
        return call;
    }

    /** The same failure where the JDK's interfaces ask for an {@link IOException}. */
    public IOException toIoException() {
        return new IOException(getMessage(), this);
    }

    private static Kind kind(int errno) {
        return switch (errno) {
            case Errno.ENOSPC, Errno.EDQUOT, Errno.ENOMEM, Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS -> Kind.RESOURCES;
            case Errno.EFAULT, Errno.EBADF -> Kind.INTERNAL;
            default -> Kind.EXTERNAL;
        };
    }

    private static Code code(int errno) {
        return switch (errno) {
            case Errno.ENOENT, Errno.ESRCH, Errno.ENODEV, Errno.ENXIO -> Code.NOT_FOUND;
            case Errno.EACCES, Errno.EPERM -> Code.PERMISSION;
            case Errno.EEXIST, Errno.EADDRINUSE -> Code.ALREADY_EXISTS;
            case Errno.ENOSPC, Errno.EDQUOT -> Code.NO_SPACE;
            case Errno.EINVAL, Errno.ENAMETOOLONG -> Code.INVALID_ARGUMENT;
            case Errno.ETIMEDOUT -> Code.TIMEOUT;
            case Errno.ENOSYS, Errno.EOPNOTSUPP, Errno.EPROTONOSUPPORT, Errno.EAFNOSUPPORT -> Code.UNSUPPORTED;
            case Errno.EFAULT, Errno.EBADF -> Code.INTERNAL;
            default -> Code.UNAVAILABLE;
        };
    }
}
