@org.jspecify.annotations.NullMarked
package hako.image;
