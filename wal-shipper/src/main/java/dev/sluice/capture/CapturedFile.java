package dev.sluice.capture;

import java.nio.ByteBuffer;

/** stub */
public interface CapturedFile {
  int write(int fd, long offset, ByteBuffer data, long address);

  int truncate(int fd, long size);

  int fallocate(int fd, int mode, long offset, long length);

  int fsync(int fd, boolean dataOnly);

  /** Before the file's name goes; a negative errno refuses it. */
  int beforeUnlink();

  void afterUnlink();

  void opened();

  void released();
}
