import { CursorFile, type Disk } from '../journal/index.ts';
import type { AddressBook, AddressBookRow } from '../overlay/index.ts';

/** The overlay's address book in a node's directory. */
export class KeptAddressBook implements AddressBook {
  readonly #disk: Disk;
  readonly #directory: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  load(): Promise<readonly AddressBookRow[]> {
    return this.#with(async (file) => {
      const [text] = await file.load();
      return typeof text === 'string' ? (JSON.parse(text) as AddressBookRow[]) : [];
    });
  }

  save(rows: readonly AddressBookRow[]): Promise<void> {
    return this.#with(async (file) => {
      await file.load();
      await file.rewrite([JSON.stringify(rows)]);
    });
  }

  async #with<T>(run: (file: CursorFile) => Promise<T>): Promise<T> {
    const file = new CursorFile(this.#disk, { directory: this.#directory, name: 'address-book' });
    try {
      return await run(file);
    } finally {
      await file.close();
    }
  }
}
