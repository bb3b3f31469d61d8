package dev.sluice.store;

final class InMemoryStoreTest extends ObjectStoreContract {
  @Override
  protected ObjectStore open() {
    return new InMemoryStore();
  }
}
