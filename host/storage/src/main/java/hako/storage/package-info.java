@org.jspecify.annotations.NullMarked
package hako.storage;
