package hako.vm.qemu;

import hako.base.HakoException;
import org.jspecify.annotations.Nullable;

/** QEMU refused a command, did not answer it in time, or its monitor is gone. */
final class QmpException extends HakoException {
    private static final long serialVersionUID = 1;

    private final String errorClass;

    QmpException(Code code, String errorClass, String message, @Nullable Throwable cause) {
        super(Kind.EXTERNAL, code, message, cause);
        this.errorClass = errorClass;
    }

    /** {@code GenericError}, {@code DeviceNotFound} …: QEMU's {@code qapi/error.json}; empty when QEMU did not answer. */
    String errorClass() {
        return errorClass;
    }
}
