package dev.sluice.store.s3;

import dev.sluice.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkServiceException;

/** What an error of the SDK means: something that may pass, or something to put right. */
final class S3Errors {
  static final String NO_CREDENTIALS =
      "no AWS credentials; they are looked for in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in"
          + " the Java properties aws.accessKeyId and aws.secretAccessKey, at the web identity"
          + " (AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN), in the profile that AWS_PROFILE names"
          + " in ~/.aws/credentials and ~/.aws/config, at the container's endpoint"
          + " (AWS_CONTAINER_CREDENTIALS_…) and at the EC2 instance metadata service";

  /** Errors with a status that looks final, but that pass; S3 says to repeat the request. */
  private static final Set<String> PASSING =
      Set.of(
          "SlowDown",
          "Throttling",
          "ThrottlingException",
          "RequestTimeout",
          "RequestTimeoutException",
          "InternalError",
          "ServiceUnavailable",
          "OperationAborted",
          "ConditionalRequestConflict",
          "ExpiredToken",
          "IncompleteBody");

  private final S3Options options;

  S3Errors(S3Options options) {
    this.options = options;
  }

  /**
   * @param doing what was tried, with the store and the key
   */
  IOException translate(String doing, RuntimeException e) {
    if (e instanceof SdkServiceException service) {
      return translate(doing, service);
    }
    ContentException content = find(ContentException.class, e);
    if (content != null) {
      return new IOException(doing + ": " + content.getMessage(), content);
    }
    if (e instanceof AbortedException || Thread.currentThread().isInterrupted()) {
      InterruptedIOException stopped = new InterruptedIOException(doing + ": interrupted");
      stopped.initCause(e);
      return stopped;
    }
    if (String.valueOf(e.getMessage()).startsWith("Unable to load credentials")) {
      // They were there when the store was opened; where they come from may be back soon.
      return new StoreUnavailableException(doing + ": " + NO_CREDENTIALS, e);
    }
    IOException io = find(IOException.class, e);
    return new StoreUnavailableException(doing + ": " + reason(io == null ? e : io) + where(), e);
  }

  private IOException translate(String doing, SdkServiceException e) {
    String code = code(e);
    int status = e.statusCode();
    String said = doing + ": " + describe(e);
    boolean passes = status == 429 || status == 408 || (status >= 500 && status != 501);
    if (passes || PASSING.contains(code)) {
      return new StoreUnavailableException(said, e);
    }
    if (status == 501) {
      return new NotImplementedException(said, e);
    }
    String bucket = options.bucket();
    String advice =
        switch (code) {
          case "NoSuchBucket" ->
              "; there is no bucket " + bucket + where() + ": create it, or correct the URL";
          case "RequestTimeTooSkewed" -> "; set the clock of this machine";
          case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken" ->
              "; the credentials are not those of this server: " + endpointName();
          case "AuthorizationHeaderMalformed",
              "PermanentRedirect",
              "TemporaryRedirect",
              "IllegalLocationConstraintException" ->
              "; bucket " + bucket + " is in another region: give it as ?region=…";
          case "KMS.NotFoundException", "KMS.DisabledException" -> "; check sse-kms-key-id";
          default ->
              status == 403
                  ? "; the credentials may not do this: see the policy in docs/stores.md"
                  : status == 301 || status == 307
                      ? "; bucket " + bucket + " is elsewhere: give ?region=… or ?endpoint=…"
                      : "";
        };
    return new IOException(said + advice, e);
  }

  /** As S3 names it; empty for an answer without a body, as those to HEAD are. */
  static String code(SdkServiceException e) {
    if (e instanceof AwsServiceException aws && aws.awsErrorDetails() != null) {
      String code = aws.awsErrorDetails().errorCode();
      return code == null ? "" : code;
    }
    return "";
  }

  private static String describe(SdkServiceException e) {
    StringBuilder text = new StringBuilder("HTTP status ").append(e.statusCode());
    if (e instanceof AwsServiceException aws && aws.awsErrorDetails() != null) {
      String code = aws.awsErrorDetails().errorCode();
      String message = aws.awsErrorDetails().errorMessage();
      if (code != null && !code.isEmpty()) {
        text.append(", ").append(code);
      }
      if (message != null && !message.isEmpty()) {
        text.append(": ").append(message);
      }
    }
    return text.toString();
  }

  /** True for the codes by which a server says, for one key of many, that it can be tried again. */
  static boolean passes(String code) {
    return PASSING.contains(code) || code.toLowerCase(Locale.ROOT).contains("slowdown");
  }

  private String where() {
    return " at " + endpointName();
  }

  private String endpointName() {
    return options.endpoint().map(Object::toString).orElse("Amazon S3");
  }

  static String reason(Throwable e) {
    String message = e.getMessage();
    return message == null || message.isBlank()
        ? e.getClass().getSimpleName()
        : e.getClass().getSimpleName() + ": " + message;
  }

  private static <T extends Throwable> @Nullable T find(Class<T> type, Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return type.cast(cause);
      }
    }
    return null;
  }
}
