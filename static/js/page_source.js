// Other pages of the gallery, fetched and parsed, to take pieces from.

export async function fetchPage(url, options = {}) {
  const response = await fetch(url, { credentials: "same-origin", ...options });
  const text = await response.text();
  return new DOMParser().parseFromString(text, "text/html");
}
