package dev.sluice.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Which module, and within one which package, may know which. */
@AnalyzeClasses(packages = "dev.sluice", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String[] WAL_SHIPPER = {
    "dev.sluice.os..",
    "dev.sluice.sqlite..",
    "dev.sluice.capture..",
    "dev.sluice.log..",
    "dev.sluice.connection..",
    "dev.sluice.apply..",
    "dev.sluice.beside..",
    "dev.sluice.restore..",
    "dev.sluice.follow..",
    "dev.sluice.ship..",
    "dev.sluice.access..",
    "dev.sluice.node..",
    "dev.sluice.verify..",
    "dev.sluice.lease..",
  };

  @ArchTest
  static final ArchRule FORMAT_KNOWS_NO_OTHER =
      classes()
          .that()
          .resideInAPackage("dev.sluice.ltx..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("dev.sluice.ltx..", "java..", "net.jpountz..", "org.jspecify..");

  @ArchTest
  static final ArchRule STORE_KNOWS_NO_OTHER =
      noClasses()
          .that()
          .resideInAPackage("dev.sluice.store..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              with(
                  WAL_SHIPPER,
                  "dev.sluice.ltx..",
                  "dev.sluice.fuse..",
                  "dev.sluice.monitor..",
                  "dev.sluice.cli.."));

  @ArchTest
  static final ArchRule SHIPPER_KNOWS_NO_USER =
      noClasses()
          .that()
          .resideInAnyPackage(WAL_SHIPPER)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.sluice.fuse..", "dev.sluice.monitor..", "dev.sluice.cli..");

  @ArchTest
  static final ArchRule FILESYSTEM_AND_MONITOR_DO_NOT_KNOW_EACH_OTHER =
      noClasses()
          .that()
          .resideInAPackage("dev.sluice.fuse..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.sluice.monitor..", "dev.sluice.cli..", "dev.sluice.store..");

  @ArchTest
  static final ArchRule MONITOR_KNOWS_THE_SHIPPER_ONLY =
      noClasses()
          .that()
          .resideInAPackage("dev.sluice.monitor..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.sluice.fuse..", "dev.sluice.cli..");

  @ArchTest
  static final ArchRule NO_CYCLES = slices().matching("dev.sluice.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule NATIVE_TYPES_STAY_IN_THEIR_PACKAGES =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.sluice.os..", "dev.sluice.fuse.binding..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("jnr..", "com.kenai.jffi..", "ru.serce.jnrfuse..");

  @ArchTest
  static final ArchRule HTTP_SERVER_STAYS_IN_THE_MONITOR =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.sluice.monitor..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.eclipse.jetty..", "io.prometheus..");

  @ArchTest
  static final ArchRule COMPRESSION_STAYS_IN_THE_FORMAT =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.sluice.ltx..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("net.jpountz..");

  @ArchTest
  static final ArchRule ONLY_THE_EXECUTABLE_CHOOSES_A_LOGGER =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.sluice.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("ch.qos.logback..", "picocli..");

  @ArchTest
  static final ArchRule THE_AWS_SDK_STAYS_IN_ITS_STORE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.sluice.store.s3..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("software.amazon..");

  @ArchTest
  static final ArchRule OPENDAL_STAYS_IN_ITS_STORE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.sluice.store.opendal..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.opendal..");

  @ArchTest
  static final ArchRule ETCD_STAYS_IN_ITS_REGISTER =
      noClasses()
          .that()
          .haveNameNotMatching("dev\\.sluice\\.lease\\.EtcdRegister(\\$.*)?")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.etcd..", "io.grpc..", "io.netty..", "io.vertx..", "com.google.protobuf..");

  private static String[] with(String[] packages, String... more) {
    String[] all = java.util.Arrays.copyOf(packages, packages.length + more.length);
    System.arraycopy(more, 0, all, packages.length, more.length);
    return all;
  }
}
