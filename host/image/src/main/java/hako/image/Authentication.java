package hako.image;

import hako.base.HakoException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;

/**
 * The {@code Authorization} that one registry wants for one repository: found out from its challenge, kept until it is
 * refused. Thread-safe.
 */
final class Authentication {
    private final Registry registry;
    private final Optional<Credentials.Login> login;
    private final String repository;

    private volatile Optional<String> header = Optional.empty();

    Authentication(Registry registry, Optional<Credentials.Login> login, String repository) {
        this.registry = registry;
        this.login = login;
        this.repository = repository;
    }

    Optional<String> header() {
        return header;
    }

    /**
     * Answers a 401.
     *
     * @param refused the header of the request that was refused; another thread may have got a new one meanwhile
     * @return whether it is worth asking again
     */
    synchronized boolean answer(HttpResponse<?> unauthorized, Optional<String> refused)
            throws IOException, InterruptedException {
        if (!header.equals(refused)) {
            return true;
        }
        List<Challenge> challenges = Challenge.parse(unauthorized.headers().allValues("WWW-Authenticate"));
        Optional<String> found = Optional.empty();
        for (Challenge challenge : challenges) {
            found = switch (challenge.scheme()) {
                case "bearer" -> Optional.of("Bearer " + new FetchToken(registry, login, repository).fetch(challenge));
                case "basic" -> login.map(Credentials.Login::basic);
                default -> Optional.empty();
            };
            if (found.isPresent()) {
                break;
            }
        }
        boolean better = found.isPresent() && !found.equals(refused);
        header = found;
        return better;
    }

    /** Why it was no use. */
    ImageException refusal(URI uri) {
        return new ImageException(
                HakoException.Kind.USER,
                HakoException.Code.PERMISSION,
                login.isPresent()
                        ? "ask %s: user \"%s\" is refused; check the password, or the right to %s"
                                .formatted(uri.getHost(), login.get().username(), repository)
                        : "ask %s: it wants a login (or there is no %s); log in with docker login, or give --user"
                                .formatted(uri.getHost(), repository));
    }
}
