package hako.cli;

import hako.base.HakoException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** What goes wrong with files of the caller, in words. */
final class Failures {
    private Failures() {}

    /** @param name as the caller wrote it */
    static HakoException reading(String name, IOException e) {
        return file("open " + name, e);
    }

    static HakoException file(String action, IOException e) {
        return switch (e) {
            case NoSuchFileException _ ->
                HakoException.user(HakoException.Code.NOT_FOUND, action + ": no such file or directory");
            case AccessDeniedException _ ->
                HakoException.user(HakoException.Code.PERMISSION, action + ": permission denied");
            case FileSystemException f
            when f.getReason() != null ->
                HakoException.user(HakoException.Code.INVALID_ARGUMENT, action + ": " + f.getReason());
            default -> HakoException.user(HakoException.Code.INVALID_ARGUMENT, action + ": " + e.getMessage());
        };
    }
}
