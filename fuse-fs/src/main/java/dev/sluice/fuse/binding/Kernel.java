package dev.sluice.fuse.binding;

/**
 * What a filesystem may ask of the kernel besides answering it. Every method returns a negative
 * errno where the binding, the kernel or the rights of the process don't allow it; then things are
 * only slower. Safe for use by many threads.
 */
public interface Kernel {
  /** Allows nothing. */
  Kernel NONE =
      new Kernel() {
        @Override
        public int store(long inode, int fd, long offset, int length) {
          return -Errno.ENOSYS;
        }

        @Override
        public int drop(long inode, long offset, long length) {
          return -Errno.ENOSYS;
        }

        @Override
        public int openBacking(int fd) {
          return -Errno.ENOSYS;
        }

        @Override
        public void closeBacking(int backing) {}
      };

  /**
   * Puts a piece of a file into the kernel's cache of {@code inode}. Waits for whoever reads or
   * writes the piece there, so other threads have to go on answering; -EAGAIN when another thread
   * is doing the same.
   *
   * @param fd where the content comes from, at the same offset
   * @param length at most {@value #MAX_STORE} bytes, all of them within the file
   */
  int store(long inode, int fd, long offset, int length);

  /** The most that {@link #store} takes. */
  int MAX_STORE = 128 << 10;

  /**
   * Drops a piece of a file from the kernel's cache of {@code inode}. Waits for whoever reads or
   * writes the piece there, so not while that request is being answered.
   */
  int drop(long inode, long offset, long length);

  /**
   * Has the kernel read and write {@code fd} itself for those handles that are opened with the
   * result as {@link FileOperations.Opened#backing}. Needs the right to administrate the system
   * (CAP_SYS_ADMIN), and Linux 6.9.
   *
   * @return a positive number, to be given to {@link #closeBacking} after the last of them
   */
  int openBacking(int fd);

  void closeBacking(int backing);
}
