package hako.cgroup;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import java.util.regex.Pattern;

/** What is to stand in a file of a cgroup. */
record Setting(String file, String value) {
    private static final Pattern FILE = Pattern.compile("(?!cgroup\\.)\\w+(\\.\\w+)+");

    /** The names of some come from a specification, which is not to write into other files, nor move processes. */
    Setting {
        if (!FILE.matcher(file).matches()) {
            throw HakoException.user(
                    Code.INVALID_ARGUMENT, "invalid configuration: \"" + file + "\" is no limit of a cgroup");
        }
    }

    String controller() {
        return file.substring(0, file.indexOf('.'));
    }
}
