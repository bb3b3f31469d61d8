package dev.sluice.monitor.health;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/**
 * Posts each event to a URL.
 *
 * @param limit what an answer may take
 */
record HookUrl(URI url, Duration limit) implements HookTarget {
  private static final HttpClient HTTP =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(TIME_LIMIT)
          .build();

  @Override
  public void tell(byte[] json) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(url)
            .timeout(limit)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofByteArray(json))
            .build();
    HttpResponse<Void> answer;
    try {
      answer = HTTP.send(request, BodyHandlers.discarding());
    } catch (IOException e) {
      // The message of the client may have the URL.
      throw new IOException("can't be reached: " + e.getClass().getSimpleName(), e);
    }
    if (answer.statusCode() / 100 != 2) {
      throw new IOException("answered " + answer.statusCode());
    }
  }

  @Override
  public String toString() {
    return url.getScheme() + "://" + url.getHost() + "/…";
  }
}
