package hako.image;

import hako.base.HakoException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** {@code image rm}: takes names away and deletes what has none left. */
final class RemoveImage {
    private final ImageStore store;

    RemoveImage(ImageStore store) {
        this.store = store;
    }

    List<String> remove(String name, boolean force) {
        Image image;
        try {
            image = find(name);
        } catch (ImageException e) {
            if (e.code() != HakoException.Code.CORRUPT) {
                throw e;
            }
            return removeDamaged(name, e);
        }
        List<String> names = ImageReference.tryParse(name)
                .filter(r -> image.references().contains(r.familiar()))
                .map(r -> List.of(r.familiar()))
                .orElse(image.references());
        boolean last = names.size() == image.references().size();
        if (last && !force && store.idsInUse().contains(image.id())) {
            throw new ImageException(
                    HakoException.Kind.USER,
                    HakoException.Code.WRONG_STATE,
                    "remove image \"" + name + "\": a container uses it; remove the container first, or use --force");
        }
        List<String> done = new ArrayList<>();
        try {
            for (String each : names) {
                store.index().remove(ImageReference.parse(each).toString());
                done.add("Untagged: " + each);
            }
        } catch (IOException e) {
            throw Blobs.failure("remove image \"" + name + "\"", e);
        }
        if (last && !store.idsInUse().contains(image.id())) {
            done.add("Deleted: " + image.id());
        }
        store.collect();
        return done;
    }

    private Image find(String name) {
        return store.find(name)
                .orElseThrow(() -> ImageException.notFound("remove image \"" + name + "\": it is not on this host"));
    }

    /** Its documents cannot be read any more: there is a name, and nothing to ask about it. */
    private List<String> removeDamaged(String name, ImageException damage) {
        ImageReference reference = ImageReference.tryParse(name).orElseThrow(() -> damage);
        try {
            store.index().remove(reference.toString());
        } catch (IOException e) {
            throw Blobs.failure("remove image \"" + name + "\"", e);
        }
        store.collect();
        return List.of("Untagged: " + reference.familiar());
    }
}
