package hako.cli;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Printable;
import hako.image.BusyboxImage;
import hako.image.Image;
import hako.image.ImageReference;
import java.util.Optional;

/** The image of a {@code run}: the one that is here, or the registry's. */
record ImageChoice(Call call, String platform) {
    private static final ImageReference BUSYBOX = ImageReference.parse(BusyboxImage.NAME);
    private static final String OWN_NAMESPACE = "hako/";
    private static final String PUBLIC_REGISTRY = "docker.io";

    Image image(String name, PullPolicy policy) throws InterruptedException {
        Optional<Image> here = call.services().images().find(name);
        return switch (policy) {
            case ALWAYS -> pulled(name);
            case NEVER -> here.orElseThrow(() -> notHere(name));
            case MISSING -> {
                if (here.isPresent()) {
                    yield here.get();
                }
                ImageReference reference = ImageReference.parse(name);
                if (reference.equals(BUSYBOX)) {
                    yield BusyboxImage.make(call.services().images());
                }
                if (isOwn(reference)) {
                    throw notMade(name);
                }
                call.err().println("Unable to find image '%s' locally".formatted(reference.familiar()));
                yield pulled(name);
            }
        };
    }

    private Image pulled(String name) throws InterruptedException {
        ImageReference reference = ImageReference.parse(name);
        if (isOwn(reference)) {
            throw notMade(name);
        }
        return new Pull(call, call.err()).image(reference, platform);
    }

    private static boolean isOwn(ImageReference reference) {
        return reference.registry().equals(PUBLIC_REGISTRY)
                && reference.repository().startsWith(OWN_NAMESPACE);
    }

    private static HakoException notHere(String name) {
        return HakoException.user(
                Code.NOT_FOUND,
                "image \"%s\" is not on this host, and --pull never asks no registry".formatted(Printable.line(name)));
    }

    private static HakoException notMade(String name) {
        return HakoException.user(
                Code.NOT_FOUND,
                ("image \"%s\" is not on this host, and images of the name hako/... are made here, not pulled:"
                                + " \"hako image import DIRECTORY NAME\" makes one")
                        .formatted(Printable.line(name)));
    }
}
