package dev.sluice.store.s3;

import java.io.IOException;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.AwsProfileRegionProvider;
import software.amazon.awssdk.regions.providers.AwsRegionProvider;
import software.amazon.awssdk.regions.providers.AwsRegionProviderChain;
import software.amazon.awssdk.regions.providers.InstanceProfileRegionProvider;
import software.amazon.awssdk.regions.providers.SystemSettingsRegionProvider;
import software.amazon.awssdk.services.s3.LegacyMd5Plugin;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;

/** Makes clients of the SDK that any server which speaks the protocol understands. */
final class S3Clients {
  private static final Duration CONNECT = Duration.ofSeconds(10);

  private S3Clients() {}

  /**
   * @throws IOException if there are no credentials or no region, saying where they are looked for
   */
  static S3Client open(S3Options options) throws IOException {
    Region region = region(options);
    AwsCredentialsProvider credentials = credentials(options);
    // The client with the fewest classes and no threads; it sends and receives as it is asked to.
    SdkHttpClient http =
        new StallGuard(
            UrlConnectionHttpClient.builder()
                .connectionTimeout(
                    CONNECT.compareTo(options.silence()) < 0 ? CONNECT : options.silence())
                .socketTimeout(options.silence())
                .build(),
            options.silence());
    S3ClientBuilder builder =
        S3Client.builder()
            .region(region)
            .credentialsProvider(credentials)
            .httpClient(http)
            // Repetition is the business of RetryingStore, which knows what a lost answer means.
            .overrideConfiguration(
                c ->
                    c.retryStrategy(AwsRetryStrategy.doNotRetry())
                        .addExecutionInterceptor(new OnlyWhatAllServersKnow()))
            // Checksums in trailers, chunked signatures and Expect: 100-continue are what other
            // servers refuse. LTX files carry checksums of their own.
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .addPlugin(LegacyMd5Plugin.create())
            .serviceConfiguration(
                S3Configuration.builder()
                    .pathStyleAccessEnabled(options.pathStyle())
                    .chunkedEncodingEnabled(false)
                    .build());
    options.endpoint().ifPresent(builder::endpointOverride);
    return builder.build();
  }

  private static Region region(S3Options options) throws IOException {
    if (options.region().isPresent()) {
      return Region.of(options.region().get());
    }
    try {
      return new AwsRegionProviderChain(
              new SystemSettingsRegionProvider(), new AwsProfileRegionProvider())
          .getRegion();
    } catch (SdkClientException e) {
      // Servers other than Amazon's mostly don't care, and take this one.
      return options.endpoint().isPresent() ? Region.US_EAST_1 : regionOfTheMachine(options, e);
    }
  }

  private static Region regionOfTheMachine(S3Options options, SdkClientException notConfigured)
      throws IOException {
    AwsRegionProvider machine = new InstanceProfileRegionProvider();
    try {
      Region region = machine.getRegion();
      if (region != null) {
        return region;
      }
    } catch (SdkClientException e) {
      notConfigured.addSuppressed(e);
    }
    throw new IOException(
        "s3://"
            + options.bucket()
            + ": no region; give it as ?region=…, in AWS_REGION, or as region in ~/.aws/config"
            + " (it was looked for there and at the EC2 instance metadata service)",
        notConfigured);
  }

  private static AwsCredentialsProvider credentials(S3Options options) throws IOException {
    DefaultCredentialsProvider provider = DefaultCredentialsProvider.builder().build();
    try {
      provider.resolveCredentials();
      return provider;
    } catch (SdkClientException e) {
      provider.close();
      throw new IOException("s3://" + options.bucket() + ": " + S3Errors.NO_CREDENTIALS, e);
    }
  }

  private static final class OnlyWhatAllServersKnow implements ExecutionInterceptor {
    @Override
    public SdkHttpRequest modifyHttpRequest(
        Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
      return context
          .httpRequest()
          .copy(
              request ->
                  request.removeHeader("Expect").removeHeader("x-amz-sdk-checksum-algorithm"));
    }
  }
}
