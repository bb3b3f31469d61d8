package dev.sluice.cli;

import java.lang.reflect.Proxy;
import java.util.function.IntConsumer;

/**
 * Signals to this process, by {@code sun.misc.Signal}: the JDK has no other way to learn which one
 * it was. By reflection, because javac warns of that class and the warning can't be turned off.
 */
final class Signals {
  private Signals() {}

  /**
   * Has {@code handler} called, on a thread of its own, with the number of each signal of these
   * names.
   */
  static void handle(IntConsumer handler, String... names) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> signalHandler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {signalHandler},
              (self, method, arguments) -> {
                handler.accept((int) signal.getMethod("getNumber").invoke(arguments[0]));
                return null;
              });
      for (String name : names) {
        signal
            .getMethod("handle", signal, signalHandler)
            .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JDK lets nobody handle signals", e);
    }
  }
}
