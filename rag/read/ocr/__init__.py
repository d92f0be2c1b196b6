"""Text recognition (OCR): pages that are pictures to words with places, by Tesseract, where it is switched on."""
