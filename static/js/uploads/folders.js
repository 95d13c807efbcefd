// The pictures in dropped folders, however deep they lie.

const PICTURE_NAME = /\.(jpe?g|jpe|jfif|mpo|a?png|webp|gif|bmp|dib|tiff?|hei[cf]|hif|avif)$/i;

/** Whether a file is a picture by its type or name; browsers know no type of HEIC. */
export function isPicture(file) {
  return !file.name.startsWith(".") && (file.type.startsWith("image/") || PICTURE_NAME.test(file.name));
}

/** Hand the pictures of folders over, folder by folder, so that thousands needn't be known before the first is sent. */
export async function openFolders(folders, { onFiles, onLeftOut }) {
  let leftOut = 0;
  const waiting = [...folders];
  while (waiting.length > 0) {
    const entries = await entriesOf(waiting.shift());
    waiting.push(...entries.filter((entry) => entry.isDirectory));
    const files = await Promise.all(entries.filter((entry) => entry.isFile).map(fileOf));
    const pictures = files.filter((file) => file !== null && isPicture(file));
    leftOut += files.length - pictures.length;
    if (pictures.length > 0) {
      onFiles(pictures);
    }
  }
  onLeftOut(leftOut);
}

async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([]))); // closed to us: empty
    if (some.length === 0) {
      return entries.sort((one, other) => one.name.localeCompare(other.name));
    }
    entries.push(...some);
  }
}

function fileOf(entry) {
  return new Promise((resolve) => entry.file(resolve, () => resolve(null)));
}
