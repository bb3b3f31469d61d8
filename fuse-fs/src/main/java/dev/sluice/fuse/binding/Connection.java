package dev.sluice.fuse.binding;

/** A mount, as its {@link FuseSession} needs it: a descriptor and readers of it. */
interface Connection {
  /** Of /dev/fuse; readable when there is a request. */
  int descriptor();

  /** The kernel's end. */
  default Kernel kernel() {
    return Kernel.NONE;
  }

  /** Makes the reader of one thread. */
  Reader newReader();

  /**
   * Closes the descriptor and unmounts if that is not done yet.
   *
   * @param busy a reader is still in use, as its thread hangs
   */
  void close(boolean busy);

  /** Takes requests and answers them, one at a time, with buffers of its own. */
  interface Reader {
    /** Reads a request if there is one: its length in bytes or a negative errno. */
    long read();

    /**
     * Answers the request of {@code length} bytes that {@link #read} got.
     *
     * @return its opcode
     */
    int handle(int length);
  }
}
